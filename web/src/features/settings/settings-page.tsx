import { useTranslations } from 'use-intl'
import { PageTitle } from '@/components/panel.tsx'
import { ApiKeysSection } from './api-keys-section.tsx'
import { AppearanceSection } from './appearance-section.tsx'
import { PasswordSection } from './password-section.tsx'
import { ProfileSection } from './profile-section.tsx'
import { SessionsSection } from './sessions-section.tsx'
import { SignOutSection } from './sign-out-section.tsx'
import { TotpSection } from './totp-section.tsx'

export function SettingsPage() {
  const t = useTranslations('settings')
  return (
    <div className="flex flex-col gap-4">
      <PageTitle>{t('title')}</PageTitle>
      <div className="grid items-start gap-4 xl:grid-cols-2">
        <ProfileSection />
        <AppearanceSection />
        <PasswordSection />
        <TotpSection />
      </div>
      <SessionsSection />
      <ApiKeysSection />
      <SignOutSection />
    </div>
  )
}
