import type { Messages } from '@/i18n/messages.ts'

export const onboarding: Messages['onboarding'] = {
  title: 'Erste Schritte',
  intro:
    'Fünf Schritte in beliebiger Reihenfolge. Erledigtes bleibt erledigt, und Sie können jederzeit zurückkommen.',
  steps: 'Schritte',
  done: 'Erledigt',
  open: 'Offen',
  mayTrade: 'Beide Texte sind angenommen: der Handel ist erlaubt.',
  mayNotTrade: 'Solange nicht beide Texte in ihrer jetzigen Fassung angenommen sind, wird nichts gehandelt.',

  disclaimer: 'Risikohinweis',
  terms: 'Nutzungsbedingungen',
  textOf: 'Wortlaut: {document}',
  version: 'Fassung {version}',
  sha: 'SHA-256 {sha}',
  acceptedAt: 'Diese Fassung haben Sie angenommen:',
  changed:
    'Der Text hat sich geändert, seit Sie ihn angenommen haben. Lesen Sie die jetzige Fassung und nehmen Sie sie an.',
  consentDisclaimer: 'Ich habe den Risikohinweis, Fassung {version}, gelesen und verstanden.',
  consentTerms: 'Ich habe die Nutzungsbedingungen, Fassung {version}, gelesen und stimme ihnen zu.',
  consentHint: 'Ihre Zustimmung wird mit Fassung und Zeit in Ihrem Protokoll gespeichert.',
  accept: 'Annehmen',
  accepted: 'Ihre Zustimmung ist gespeichert.',
  outdated:
    'Der Text hat sich inzwischen geändert. Jetzt ist die neue Fassung zu sehen: lesen Sie sie und nehmen Sie sie dann an.',

  profile: 'Ihre Erfahrung und Risikobereitschaft',
  profileText:
    'Dies beschreibt Sie und führt zu Ihren Anfangsgrenzen. Es lässt sich später ändern; das Speichern ändert keine Grenze.',
  experience: 'Erfahrung im Handel',
  choose: 'Bitte wählen',
  experiences: {
    none: 'Noch keine',
    some: 'Einige Geschäfte',
    years: 'Mehrere Jahre',
    professional: 'Es ist mein Beruf',
  },
  tolerance: 'Risikobereitschaft',
  tolerances: {
    cautious: 'Vorsichtig',
    balanced: 'Ausgewogen',
    bold: 'Mutig',
  },
  toleranceTexts: {
    cautious:
      'Kleine Aufträge, nur in Aktien und börsengehandelten Fonds, die Sie unter Risiko nennen, und ein früher Stopp an Verlusttagen.',
    balanced: 'Mittelgroße Aufträge, in jedem Symbol.',
    bold: 'Doppelt so große Aufträge, und doppelt so viele am Tag, in jedem Symbol.',
  },
  saveProfile: 'Speichern',
  profileSaved: 'Ihr Profil ist gespeichert.',

  limits: 'Anfangsgrenzen',
  limitsText:
    'Grenzen halten Aufträge zurück, die zu groß oder zu viele sind oder an einem Verlusttag kommen. Anfangsgrenzen werden einmal gesetzt; danach ändern Sie jede unter Risiko.',
  limitsFirst: 'Speichern Sie zuerst Ihre Risikobereitschaft: daraus folgen die Anfangsgrenzen.',
  limitsChosen: 'Ihre Bereitschaft ist: {tolerance}. Die Anfangsgrenzen dafür gelten sofort.',
  setLimits: 'Anfangsgrenzen setzen: {tolerance}',
  limitsSet: 'Ihre eigenen Grenzen sind gesetzt.',
  seeLimits: 'Grenzen ansehen und ändern',

  account: 'Papierkonto',
  accountText:
    'Ein Papierkonto handelt mit Spielgeld zu echten Preisen. Beginnen Sie damit; ein Broker kann später verbunden werden.',
  accountOpened: '{count, plural, one {Sie haben # Konto.} other {Sie haben # Konten.}}',
  openAccount: 'Papierkonto eröffnen',
  seeAccounts: 'Konten ansehen',
}
