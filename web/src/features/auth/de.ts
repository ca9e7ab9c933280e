import type { Messages } from '@/i18n/messages.ts'

export const auth: Messages['auth'] = {
  title: 'Anmelden',
  email: 'E-Mail',
  password: 'Passwort',
  newPassword: 'Neues Passwort',
  passwordHint:
    'Mindestens 8 Zeichen. Ein paar Wörter ohne Zusammenhang sind leicht zu merken und schwer zu erraten.',
  showPassword: 'Passwort zeigen',
  displayName: 'Name',
  displayNameHint: 'Freiwillig; diesen sehen andere.',
  busy: 'Einen Moment',

  signIn: 'Anmelden',
  noAccount: 'Noch kein Konto?',
  signUpLink: 'Registrieren',
  forgotten: 'Passwort vergessen?',
  resetLink: 'Neues setzen',
  secondFactorTitle: 'Code eingeben',
  secondFactorText: 'Das Passwort stimmt. {email} verlangt noch einen zweiten Nachweis.',
  totp: 'Code der Authentifizierungs-App',
  totpHint: 'Sechs Ziffern; alle 30 Sekunden erscheint ein neuer Code.',
  recoveryCode: 'Wiederherstellungscode',
  recoveryHint: 'Jeder Wiederherstellungscode gilt einmal.',
  useRecovery: 'Stattdessen einen Wiederherstellungscode verwenden',
  useTotp: 'Stattdessen die Authentifizierungs-App verwenden',
  startOver: 'Von vorn beginnen',

  signUpTitle: 'Registrieren',
  signUpText: 'Wir schicken eine Mail an diese Adresse. Das Konto entsteht, wenn Sie den Link darin öffnen.',
  signUp: 'Registrieren',
  haveAccount: 'Schon ein Konto?',
  signInLink: 'Anmelden',
  mailTitle: 'Bitte ins Postfach sehen',
  signUpSent:
    'Wenn {email} verwendet werden kann, ist eine Mail mit dem nächsten Schritt unterwegs. Ihr Link gilt 24 Stunden und fragt nach dem Passwort, das Sie eben gewählt haben.',
  mailMissing: 'Nach einigen Minuten keine Mail? Sehen Sie im Spam-Ordner nach und versuchen Sie es erneut.',

  verifyTitle: 'Adresse bestätigen',
  verifyText:
    'Geben Sie das Passwort ein, das Sie beim Registrieren gewählt haben. Damit entsteht Ihr Konto, und Sie werden angemeldet.',
  verify: 'Bestätigen und anmelden',
  verifyNoToken:
    'Diese Adresse enthält keinen Bestätigungslink. Öffnen Sie den Link der Mail als Ganzes, oder registrieren Sie sich erneut.',

  resetTitle: 'Neues Passwort setzen',
  resetText:
    'Wir schicken eine Mail mit einem Link an diese Adresse. Ihr jetziges Passwort gilt, bis Sie ein neues setzen.',
  resetRequest: 'Link schicken',
  resetSent:
    'Wenn {email} ein Konto hat, ist eine Mail mit einem Link unterwegs. Der Link gilt 30 Minuten und einmal.',
  resetNewText:
    'Mit dem Speichern des neuen Passworts werden Sie überall abgemeldet. Melden Sie sich dann damit an.',
  resetSave: 'Neues Passwort speichern',
  resetDone:
    'Das neue Passwort ist gespeichert, und alle Sitzungen sind beendet. Melden Sie sich jetzt damit an.',
  resetAgain: 'Neuen Link anfordern',

  setupTitle: 'Willkommen bei Tradsy',
  setupText:
    'Legen Sie das erste Verwaltungskonto dieser Anlage an. Der Link gilt einmal; danach sind Sie angemeldet.',
  setup: 'Verwaltungskonto anlegen',

  tooManySeconds:
    'Zu viele Versuche. Warten Sie {count, plural, one {# Sekunde} other {# Sekunden}} und versuchen Sie es dann erneut.',
  tooManyMinutes:
    'Zu viele Versuche. Warten Sie {count, plural, one {# Minute} other {# Minuten}} und versuchen Sie es dann erneut.',
  tooMany: 'Zu viele Versuche. Warten Sie einige Minuten und versuchen Sie es dann erneut.',
  invalidCredentials: 'E-Mail oder Passwort ist falsch, oder die Adresse ist noch nicht bestätigt.',
  invalidSignUpPassword: 'Das ist nicht das Passwort, das Sie beim Registrieren gewählt haben.',
  invalidSecondFactor:
    'Der Code ist falsch oder wurde schon verwendet. Warten Sie auf den nächsten und versuchen Sie es erneut.',
  linkInvalid: 'Dieser Link gilt nicht mehr: er ist zu alt, wurde verwendet oder ist nicht vollständig.',
}
