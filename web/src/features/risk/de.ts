import type { risk as en } from './en.ts'

export const risk: { [K in keyof typeof en]: string } = {
  title: 'Risk',
}
