import type { Messages } from '@/i18n/messages.ts'

export const kill: Messages['kill'] = {
  stop: 'Handel stoppen',
  stopped: 'Der Handel ist gestoppt',
  title: 'Handel stoppen',
  what: 'Ab jetzt werden neue Aufträge abgewiesen. {count, plural, =0 {Kein offener Auftrag wird gestrichen} one {# offener Einstiegsauftrag wird gestrichen} other {# offene Einstiegsaufträge werden gestrichen}}. Positionen bleiben offen, ihre Schutz-Stopps und Ziele bleiben beim Broker.',
  reason: 'Grund',
  reasonHint: 'Freiwillig; er steht im Protokoll.',
  defaultReason: 'Von Hand gestoppt',
  press: 'Jetzt stoppen',
  halted: 'Der Handel ist gestoppt seit {at}: {reason}',
  by: 'von {who}',
  resting:
    '{count, plural, =0 {Kein betroffener Auftrag liegt noch beim Broker.} one {# betroffener Auftrag liegt noch beim Broker.} other {# betroffene Aufträge liegen noch beim Broker.}}',
  resume: 'Fortsetzen',
  resumeTitle: 'Handel fortsetzen',
  resumeText: 'Aufträge sind sofort wieder möglich. Bitte den Grund angeben; er steht im Protokoll.',
  scopes: {
    site: 'Die ganze Anlage',
    broker: 'Ein Broker',
    user: 'Alle eigenen Konten',
    account: 'Ein Konto',
    strategy: 'Eine Strategie',
    source: 'Eine Quelle',
  },
}
