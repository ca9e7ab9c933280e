import type { orders as en } from './en.ts'

export const orders: { [K in keyof typeof en]: string } = {
  title: 'Orders',
}
