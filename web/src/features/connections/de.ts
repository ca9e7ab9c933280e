import type { connections as en } from './en.ts'

export const connections: { [K in keyof typeof en]: string } = {
  title: 'Connections',
}
