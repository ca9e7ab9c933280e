import type { auth as en } from './en.ts'

export const auth: { [K in keyof typeof en]: string } = {
  title: 'Auth',
}
