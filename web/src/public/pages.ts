/** The public pages. They claim what the documentation of this version says, and nothing else. */
import { faq } from './faq.ts'
import { landing } from './landing.ts'
import type { PublicPage } from './layout.ts'
import { security } from './security.ts'

const LATER = ['Alpaca', 'Interactive Brokers', 'Schwab', 'Coinbase', 'Kraken', 'Binance']

const brokers: PublicPage = {
  path: '/brokers/',
  menu: 'Brokers',
  title: 'Brokers: what works today - Tradsy',
  description:
    'Which venues Tradsy trades on in this version: the built-in paper market. Brokers with real money are not available yet.',
  body: `
<h1>What works with which broker</h1>
<p class="lead">One venue works today: the built-in paper market. No broker with real money can be connected yet.</p>
<div class="scroll" tabindex="0" role="region" aria-label="Venues"><table>
<thead><tr><th scope="col">Venue</th><th scope="col">State</th></tr></thead>
<tbody>
<tr><th scope="row">Built-in paper market <code>sim</code></th><td class="yes">Works, with paper money</td></tr>
${LATER.map((name) => `<tr><th scope="row">${name}</th><td class="no">Not available yet</td></tr>`).join('\n')}
</tbody></table></div>

<h2>The built-in paper market</h2>
<ul>
<li>A process of its own with a matching engine, a synthetic market and accounts. It is reached over sockets like any other broker.</li>
<li>Order types: market, limit, stop, stop-limit and trailing stop, with brackets and orders that cancel one another.</li>
<li>It can lose answers, repeat fills and lie about lists on request, and it writes down what really happened. Tradsy is tried against that.</li>
<li>Its prices are made up. What trades well on it says nothing about a real market.</li>
</ul>
<p>Opening a paper account takes a label and an opening balance. No broker account is needed, and none learns of you.</p>

<h2>When a broker comes</h2>
<p>Brokers come behind the same port as the paper market: one folder for each, proved against a local server that speaks the broker’s own language. How that is done is written in <code>docs/howto/add-a-broker.md</code> of the source.</p>
`,
}

const pricing: PublicPage = {
  path: '/pricing/',
  menu: 'Pricing',
  title: 'Pricing - Tradsy',
  description: 'Tradsy is free software under Apache-2.0 that you run yourself. There are no paid plans yet.',
  body: `
<h1>Free to run yourself</h1>
<p class="lead">Tradsy is free software under the Apache License, version 2.0. You run it on your own machine, and nobody bills you for it.</p>
<div class="note"><p>There are no paid plans yet, and nothing here is sold.</p></div>

<h2>What you need</h2>
<ul>
<li>Linux and Python 3.11 or newer</li>
<li>2 GB of memory and 2 GB of disk</li>
<li>Nothing else: the database and the message bus come with it</li>
</ul>

<h2>What may cost you money</h2>
<p>The machine that you run it on, and services that send you signals, such as a charting subscription. The paper market costs nothing.</p>
<div class="acts"><a class="button first" href="/app/sign-up">Sign up here</a><a class="button" href="/brokers/">See what works</a></div>
`,
}

const status: PublicPage = {
  path: '/status/',
  menu: 'Status',
  title: 'Status - Tradsy',
  description: 'How to see whether this installation of Tradsy is alive and can trade: /health and /readyz.',
  body: `
<h1>Is it working?</h1>
<p class="lead">This page is a plain file and cannot tell. The service itself answers two addresses, for people and for monitoring.</p>
<div class="acts"><a class="button" href="/health">Ask /health</a><a class="button" href="/readyz">Ask /readyz</a></div>

<h2><code>/health</code>: the process is alive</h2>
<p>It asks nothing of anything else. No answer means that the process does not run, or that your network does not reach it.</p>
<pre tabindex="0" role="region" aria-label="Answer of /health"><code>{"status": "ok"}</code></pre>

<h2><code>/readyz</code>: what works now</h2>
<p>It asks each dependency by name. The answer has status 200, or 503 when requests cannot be served.</p>
<pre tabindex="0" role="region" aria-label="Answer of /readyz"><code>{"ready": true, "trading_ready": true,
 "dependencies": {"database": true, "bus": true, "sim": true, "accounts": true}}</code></pre>
<div class="scroll" tabindex="0" role="region" aria-label="Fields of /readyz"><table>
<thead><tr><th scope="col">Field</th><th scope="col">True when</th></tr></thead>
<tbody>
<tr><th scope="row"><code>ready</code></th><td>every dependency that requests need answers: the database and the message bus</td></tr>
<tr><th scope="row"><code>trading_ready</code></th><td>everything that orders need answers too: the paper market, and whoever looks after the accounts</td></tr>
<tr><th scope="row"><code>dependencies</code></th><td>each by name; the one that is false is the one to look at</td></tr>
</tbody></table></div>
<p>Whoever looks after the machine runs <code>tradsy doctor</code>, which names everything that is missing, unsafe or late.</p>
`,
}

const legal: PublicPage = {
  path: '/legal/',
  menu: 'Legal',
  title: 'Legal: risk, terms and licence - Tradsy',
  description: 'The risk disclaimer and the terms that people accept, and the licence of Tradsy.',
  body: `
<h1>Risk, terms and licence</h1>
<p class="lead">Trading can lose money, and automation does what it was told, at once. Read the two texts below before anything trades for you.</p>

<h2>The texts that people accept</h2>
<ul>
<li><a href="/api/v1/legal/disclaimer">Risk disclaimer</a>, at <code>/api/v1/legal/disclaimer</code></li>
<li><a href="/api/v1/legal/terms">Terms of use</a>, at <code>/api/v1/legal/terms</code></li>
</ul>
<p>Each is answered with its version and its SHA-256, as data for programs; the app shows them for reading. Nothing is traded for you until you have accepted the present version of both. A new text stops trading for everybody who has not accepted it.</p>

<h2>No advice</h2>
<p>Tradsy carries out what you tell it to. Nothing that it shows or sends is investment, tax or legal advice. Signals are opinions of others; Tradsy does not check whether they are right.</p>

<h2>Who you deal with</h2>
<p>Tradsy is software that anybody may run. The terms hold between you and whoever operates this installation.</p>

<h2>Licence</h2>
<p>Tradsy is licensed under the Apache License, version 2.0. It comes without warranties or conditions of any kind; the text is in <code>LICENSE</code> of the source.</p>
`,
}

export const PAGES: readonly PublicPage[] = [landing, brokers, pricing, security, faq, status, legal]
