export const onboarding = {
  title: 'Onboarding',
}
