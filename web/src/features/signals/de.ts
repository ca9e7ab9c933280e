import type { signals as en } from './en.ts'

export const signals: { [K in keyof typeof en]: string } = {
  title: 'Signals',
}
