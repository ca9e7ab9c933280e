import type { PublicPage } from './layout.ts'

const QUESTIONS: readonly (readonly [string, string])[] = [
  [
    'Can I lose real money with it?',
    'Not in this version: its only venue is the built-in <a href="/brokers/">paper market</a>. With a broker you could, and the risk disclaimer says how.',
  ],
  [
    'Does Tradsy tell me what to trade?',
    'No. It carries out what you tell it to and gives no advice. You choose the sources, the account, the size and the limits.',
  ],
  [
    'Where do signals come from?',
    'From webhooks such as TradingView’s, from alert texts that people write, and from programs over the HTTP API. Whoever knows a hook address can raise signals, so treat it as a password.',
  ],
  [
    'Does it trade without asking me?',
    'Only if you choose so. A follow asks first unless you set it to act at once, and even then signals that were read with too little confidence wait for you.',
  ],
  [
    'What happens when the same message comes twice?',
    'It is one signal. A message with an id, or with a time and the same bytes, is kept out for ever; one with neither for 60 seconds.',
  ],
  [
    'What if nobody knows whether an order arrived?',
    'It is looked up at the venue. It is never sent again without proof that it did not arrive.',
  ],
  [
    'How do I stop everything?',
    'Press Stop trading, which is on every page, or run <code>tradsy kill set user</code>. What would add risk is canceled; positions stay open, and their stops and targets stay at the venue.',
  ],
  [
    'Why was my order refused?',
    'Every rule that refuses says so with its numbers, on the signal’s timeline. The controls and their limits are in <code>docs/reference/risk.md</code>.',
  ],
  [
    'Can the operator change what was recorded?',
    'Not unnoticed, as long as somebody outside kept a checkpoint. <a href="/security/">Security</a> says what can be checked, and what cannot.',
  ],
  [
    'What does it need to run?',
    'Linux, Python 3.11 or newer, 2 GB of memory and 2 GB of disk. <code>tradsy doctor</code> names whatever is missing.',
  ],
  [
    'How are backups made?',
    'With <code>tradsy db backup</code>: one folder with a snapshot of the database, the keys, the anchors of the audit log and the paper market’s own truth. It holds the keys, so keep it as safe as them.',
  ],
  [
    'What does it cost?',
    'Nothing: it is free software that you run yourself. There are no <a href="/pricing/">paid plans</a> yet.',
  ],
]

export const faq: PublicPage = {
  path: '/faq/',
  menu: 'FAQ',
  title: 'Questions and answers - Tradsy',
  description: 'Short answers about what Tradsy does, what it does not do, and how to stop it.',
  body: `
<h1>Questions and answers</h1>
<dl>
${QUESTIONS.map(([question, answer]) => `<dt>${question}</dt><dd>${answer}</dd>`).join('\n')}
</dl>
`,
}
