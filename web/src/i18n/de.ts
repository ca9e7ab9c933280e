/** German. */
import { admin } from '@/features/admin/de.ts'
import { audit } from '@/features/audit/de.ts'
import { auth } from '@/features/auth/de.ts'
import { chart } from '@/features/chart/de.ts'
import { connections } from '@/features/connections/de.ts'
import { follows } from '@/features/follows/de.ts'
import { home } from '@/features/home/de.ts'
import { kill } from '@/features/kill/de.ts'
import { onboarding } from '@/features/onboarding/de.ts'
import { orders } from '@/features/orders/de.ts'
import { positions } from '@/features/positions/de.ts'
import { risk } from '@/features/risk/de.ts'
import { settings } from '@/features/settings/de.ts'
import { signals } from '@/features/signals/de.ts'
import { trade } from '@/features/trade/de.ts'
import type { Messages } from './en.ts'

export const de: Messages = {
  app: {
    name: 'Tradsy',
    skip: 'Zum Inhalt',
    mainNavigation: 'Hauptmenü',
    home: 'Start',
    signals: 'Signale',
    positions: 'Positionen',
    trade: 'Handeln',
    orders: 'Aufträge',
    follows: 'Abonnements',
    risk: 'Risiko',
    connections: 'Verbindungen',
    audit: 'Protokoll',
    settings: 'Einstellungen',
    admin: 'Verwaltung',
    more: 'Mehr',
    paper: 'PAPIER',
    live: 'ECHT',
    paperHint: 'Spielgeld: hier kann kein echtes Geld verloren gehen.',
    signOut: 'Abmelden',
    theme: 'Darstellung',
    light: 'Hell',
    dark: 'Dunkel',
    notFound: 'Diese Seite gibt es nicht.',
    goHome: 'Zum Start',
    shortcuts: 'Tastenkürzel',
    shortcutHelp: 'Diese Liste zeigen',
    shortcutGo: 'Zu {page}',
    shortcutKill: 'Handel stoppen',
    shortcutsOff: 'Beim Tippen sind Kürzel aus.',
  },
  link: {
    live: 'Live',
    liveWith: 'Live, {ms} ms',
    connecting: 'Verbinde',
    stale: 'Veraltet',
    reconnecting: 'Verbinde neu',
    delayed: 'Verzögert',
    offline: 'Offline',
    ended: 'Abgemeldet',
    status: 'Verbindung: {state}',
    banner: {
      never:
        'Live-Daten waren noch nicht erreichbar (Versuch {attempt}). Was zu sehen ist, wurde einmal gelesen und bewegt sich nicht.',
      connecting: 'Verbinde mit den Live-Daten. Was zu sehen ist, ist {age} alt.',
      stale: 'Seit {age} kam nichts vom Server. Preise und Aufträge können veraltet sein.',
      reconnecting: 'Live-Daten sind unterbrochen (Versuch {attempt}). Was zu sehen ist, ist {age} alt.',
      delayed: 'Live-Daten sind gesperrt. Die Seite fragt stattdessen alle 5 Sekunden.',
      offline: 'Keine Verbindung zum Netz. Was zu sehen ist, ist {age} alt; handeln geht nicht.',
    },
  },
  common: {
    loading: 'Lädt',
    retry: 'Noch einmal versuchen',
    close: 'Schließen',
    cancel: 'Abbrechen',
    back: 'Zurück',
    save: 'Speichern',
    saved: 'Gespeichert.',
    more: 'Mehr zeigen',
    refresh: 'Neu laden',
    unknown: 'unbekannt',
    none: 'keine',
    yes: 'ja',
    no: 'nein',
    errorTitle: 'Das hat nicht geklappt',
    trace: 'Spur {id}',
    notSent: 'Es wurde nichts geändert.',
    maybeSent: 'Es ist nicht bekannt, ob das angekommen ist. Erst nachsehen, dann wieder drücken.',
    stepUpTitle: 'Bitte bestätigen, dass Sie es sind',
    stepUpText: 'Das ist ein heikler Schritt. Das Passwort gilt dafür fünf Minuten.',
    password: 'Passwort',
    confirm: 'Bestätigen',
    demo: 'Demo',
    ago: 'vor {age}',
    closed: 'Geschlossen',
    noPrice: 'Kein Preis',
  },
  home,
  signals,
  trade,
  positions,
  orders,
  follows,
  risk,
  kill,
  chart,
  connections,
  audit,
  settings,
  admin,
  auth,
  onboarding,
}
