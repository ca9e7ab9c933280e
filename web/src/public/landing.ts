import type { PublicPage } from './layout.ts'

/** The story of one alert, as the command line prints it. */
const TRACE = `trace 01a1fb0d-503a-7fc5-bc3e-ce23a66f70af
├── +0.0 ms  received  text  'Long DOGE/USD at market, SL 5% TP 10%'
├── +0.0 ms  parsed  open_long DOGE/USD  confidence 0.9
└── account 01a1fb0d-1d13-7033-8b26-2583be17677c
    ├── +0.0 ms  planned  state=executed
    ├── order  risk approved, intent entry buy 1052.46540019 at 0.38386
    │   ├──  +59.7 ms  sent  attempt=1
    │   └──  +61.7 ms  filled  price=0.38006  quantity=1052.46540019
    ├── order  intent stop sell 1052.46540019 at 0.36106
    └── order  intent target sell 1052.46540019 at 0.41807`

export const landing: PublicPage = {
  path: '/',
  menu: null,
  title: 'Tradsy: trade signals in, risk-checked orders out',
  description:
    'Tradsy turns trade signals into risk-checked orders on each user’s own account, each exactly once, and records every decision on a hash chain that you can check yourself.',
  body: `
<h1>Trade signals in, risk&#8209;checked orders out, each exactly once</h1>
<p class="lead">A TradingView webhook, an alert somebody wrote, or a program’s own order comes in. Tradsy reads it, plans it for every account that follows the source, judges each order by 27 pre-trade controls, sends what passes, and books the fills.</p>
<div class="acts"><a class="button first" href="/app/sign-up">Sign up and trade on paper</a><a class="button" href="/app/sign-in">Sign in</a></div>
<div class="note"><p>This version trades with paper money only, on the built-in paper market. Brokers with real money are <a href="/brokers/">not available yet</a>.</p></div>

<h2>How it works</h2>
<ol class="steps">
<li><h3>A signal arrives</h3><p>It is stored, with its bytes, before the answer leaves. The same message twice is one signal.</p></li>
<li><h3>It is read</h3><p>A text that can be meant in two ways is not guessed at: it waits for a person. Chatter leads to nothing, and says why.</p></li>
<li><h3>It is planned for your account</h3><p>You choose which sources to follow, with which account and how large. Unless you say otherwise, every signal waits for your approval.</p></li>
<li><h3>Every order is judged</h3><p>27 pre-trade controls look at size, price, exposure, losses and more. A missing fact refuses the order.</p></li>
<li><h3>What passes is sent once</h3><p>When it is not known whether an order arrived, it is looked up. It is never sent again without proof.</p></li>
<li><h3>Fills are booked, decisions recorded</h3><p>Everything that is decided about your money stands on your own hash chain, which you can take with you and check.</p></li>
</ol>

<h2>One signal, from text to fill</h2>
<p>Every signal tells its whole story: when it came, how it was read, what was planned, judged, sent and filled. This one is shortened from the tutorial.</p>
<pre tabindex="0" role="region" aria-label="Timeline of one signal"><code>${TRACE}</code></pre>

<h2>What it promises</h2>
<ul>
<li>An acknowledged signal is stored: the answer comes after the commit.</li>
<li>An order is sent once.</li>
<li>Nothing that adds risk is sent past a kill switch, an exceeded limit, or a fact that is missing.</li>
<li>A user sees only their own rows: the database enforces it.</li>
<li>What was decided can be <a href="/security/">checked without trusting the server</a>.</li>
</ul>

<h2>Run it yourself</h2>
<pre tabindex="0" role="region" aria-label="Command that starts Tradsy"><code>./dev up</code></pre>
<p>installs what is needed, starts everything on this machine, and prints a one-time link for the first admin. A demo user trades on paper money from the first minute. Needed: Linux, Python 3.11 or newer, 2 GB of memory and 2 GB of disk.</p>
`,
}
