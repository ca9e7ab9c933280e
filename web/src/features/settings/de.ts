import type { settings as en } from './en.ts'

export const settings: { [K in keyof typeof en]: string } = {
  title: 'Settings',
}
