import type { admin as en } from './en.ts'

export const admin: { [K in keyof typeof en]: string } = {
  title: 'Admin',
}
