export const auth = {
  title: 'Sign in',
  email: 'E-mail',
  password: 'Password',
  newPassword: 'New password',
  passwordHint: 'At least 8 characters. A few unrelated words are easy to remember and hard to guess.',
  showPassword: 'Show the password',
  displayName: 'Name',
  displayNameHint: 'Optional; what others see.',
  busy: 'One moment',

  signIn: 'Sign in',
  noAccount: 'No account yet?',
  signUpLink: 'Sign up',
  forgotten: 'Forgotten your password?',
  resetLink: 'Set a new one',
  secondFactorTitle: 'Enter your code',
  secondFactorText: 'The password is right. {email} also asks for a second proof.',
  totp: 'Code of your authenticator app',
  totpHint: 'Six digits; a new code appears every 30 seconds.',
  recoveryCode: 'Recovery code',
  recoveryHint: 'Each recovery code works once.',
  useRecovery: 'Use a recovery code instead',
  useTotp: 'Use the authenticator app instead',
  startOver: 'Start over',

  signUpTitle: 'Sign up',
  signUpText: 'We send a mail to this address. The account is made when you open the link in it.',
  signUp: 'Sign up',
  haveAccount: 'Have an account already?',
  signInLink: 'Sign in',
  mailTitle: 'Look into your mailbox',
  signUpSent:
    'If {email} can be used, a mail with the next step is on its way. Its link works for 24 hours and asks for the password that you have just chosen.',
  mailMissing: 'No mail after some minutes? Look into the spam folder, then try again.',

  verifyTitle: 'Confirm your address',
  verifyText:
    'Enter the password that you chose when you signed up. This makes your account and signs you in.',
  verify: 'Confirm and sign in',
  verifyNoToken:
    'This address holds no confirmation link. Open the link of the mail as a whole, or sign up again.',

  resetTitle: 'Set a new password',
  resetText:
    'We send a mail with a link to this address. Your present password works until you set a new one.',
  resetRequest: 'Send the link',
  resetSent:
    'If {email} has an account, a mail with a link is on its way. The link works for 30 minutes and once.',
  resetNewText: 'Saving the new password signs you out everywhere. Then sign in with it.',
  resetSave: 'Save the new password',
  resetDone: 'The new password is saved, and all sessions have ended. Sign in with it now.',
  resetAgain: 'Ask for a new link',

  setupTitle: 'Welcome to Tradsy',
  setupText:
    'Make the first administrator of this installation. The link works once; afterwards you are signed in.',
  setup: 'Make the administrator',

  tooManySeconds:
    'Too many attempts. Wait {count, plural, one {# second} other {# seconds}}, then try again.',
  tooManyMinutes:
    'Too many attempts. Wait {count, plural, one {# minute} other {# minutes}}, then try again.',
  tooMany: 'Too many attempts. Wait a few minutes, then try again.',
  invalidCredentials: 'The e-mail or the password is wrong, or the address is not confirmed yet.',
  invalidSignUpPassword: 'This is not the password that you chose when you signed up.',
  invalidSecondFactor: 'The code is wrong or was used already. Wait for the next one and try again.',
  linkInvalid: 'This link does not work any more: it is too old, was used, or is not complete.',
}
