import type { audit as en } from './en.ts'

export const audit: { [K in keyof typeof en]: string } = {
  title: 'Audit',
}
