import type { onboarding as en } from './en.ts'

export const onboarding: { [K in keyof typeof en]: string } = {
  title: 'Onboarding',
}
