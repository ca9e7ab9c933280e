export const onboarding = {
  title: 'Getting started',
  intro: 'Five steps, in any order. What is done stays done, and you can come back at any time.',
  steps: 'Steps',
  done: 'Done',
  open: 'Open',
  mayTrade: 'Both texts are accepted: trading is allowed.',
  mayNotTrade: 'Before both texts are accepted in their current version, nothing trades for you.',

  disclaimer: 'Risk disclosure',
  terms: 'Terms of use',
  textOf: 'Text: {document}',
  version: 'Version {version}',
  sha: 'SHA-256 {sha}',
  acceptedAt: 'You accepted this version:',
  changed: 'The text has changed since you accepted it. Read the current version and accept it again.',
  consentDisclaimer: 'I have read and understood the risk disclosure, version {version}.',
  consentTerms: 'I have read the terms of use, version {version}, and agree to them.',
  consentHint: 'Your consent is stored with its version and time in your audit log.',
  accept: 'Accept',
  accepted: 'Your consent is stored.',
  outdated: 'The text has changed meanwhile. The current version is shown now: read it, then accept it.',

  profile: 'Your experience and risk tolerance',
  profileText:
    'This describes you and suggests your starting limits. It can be changed later, and saving it changes no limit.',
  experience: 'Experience in trading',
  choose: 'Please choose',
  experiences: {
    none: 'None yet',
    some: 'Some trades',
    years: 'Several years',
    professional: 'It is my profession',
  },
  tolerance: 'Risk tolerance',
  tolerances: {
    cautious: 'Cautious',
    balanced: 'Balanced',
    bold: 'Bold',
  },
  toleranceTexts: {
    cautious:
      'Small orders, only in stocks and exchange-traded funds that you list under Risk, and an early stop on a losing day.',
    balanced: 'Orders of middle size, in any symbol.',
    bold: 'Twice as large orders, and twice as many a day, in any symbol.',
  },
  saveProfile: 'Save',
  profileSaved: 'Your profile is saved.',

  limits: 'Starting limits',
  limitsText:
    'Limits hold back orders that are too large, too many or come on a losing day. Starting limits are set once; afterwards you change each under Risk.',
  limitsFirst: 'Save your risk tolerance first: the starting limits follow from it.',
  limitsChosen: 'Your tolerance is: {tolerance}. The starting limits for it hold at once.',
  setLimits: 'Set starting limits: {tolerance}',
  limitsSet: 'Your own limits are set.',
  seeLimits: 'See and change the limits',

  account: 'Paper account',
  accountText:
    'A paper account trades with play money at live prices. Begin with it; a broker can be connected later.',
  accountOpened: '{count, plural, one {You have # account.} other {You have # accounts.}}',
  openAccount: 'Open a paper account',
  seeAccounts: 'See the accounts',
}
