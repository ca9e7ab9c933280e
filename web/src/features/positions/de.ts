import type { positions as en } from './en.ts'

export const positions: { [K in keyof typeof en]: string } = {
  title: 'Positions',
}
