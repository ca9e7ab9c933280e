import type { follows as en } from './en.ts'

export const follows: { [K in keyof typeof en]: string } = {
  title: 'Follows',
}
