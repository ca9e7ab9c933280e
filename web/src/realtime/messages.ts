/** Generated from the models of the server by `./dev gen`. Do not edit. */

export type paths = Record<string, never>;
export type webhooks = Record<string, never>;
export interface components {
    schemas: {
        /** @description From the client. */
        ClientMessage: components["schemas"]["Watch"] | components["schemas"]["Renew"] | components["schemas"]["Ping"];
        /**
         * EventData
         * @description A committed fact.
         */
        EventData: {
            /**
             * Id
             * @description The same however often it is delivered.
             */
            id: string;
            /**
             * Name
             * @description Past tense, module first: `orders.updated`.
             */
            name: string;
            /**
             * Payload
             * @description Of the form that belongs to `name`; decimals as text.
             */
            payload: {
                [key: string]: unknown;
            };
        };
        /**
         * EventMessage
         * @description Something happened.
         */
        EventMessage: {
            /**
             * At
             * Format: date-time
             * @description When it happened, UTC.
             */
            at: string;
            /**
             * Cursor
             * @description Place in the event stream that this frame brings the client to.
             */
            cursor: number;
            data: components["schemas"]["EventData"];
            /**
             * Seq
             * @description Number of the frame on this connection, from 1, without a gap.
             */
            seq: number;
            /**
             * @description discriminator enum property added by openapi-typescript
             * @enum {string}
             */
            type: "event";
        };
        /**
         * Gap
         * @description Events were lost: forget what is known, a snapshot follows.
         */
        Gap: {
            /**
             * At
             * Format: date-time
             * @description When it happened, UTC.
             */
            at: string;
            /**
             * Cursor
             * @description Place in the event stream that this frame brings the client to.
             */
            cursor: number;
            data: components["schemas"]["GapData"];
            /**
             * Seq
             * @description Number of the frame on this connection, from 1, without a gap.
             */
            seq: number;
            /**
             * @description discriminator enum property added by openapi-typescript
             * @enum {string}
             */
            type: "gap";
        };
        /**
         * GapData
         * @description Which events cannot be delivered any more.
         */
        GapData: {
            /**
             * After
             * @description Cursor after which events may be missing.
             */
            after: number;
        };
        /**
         * Heartbeat
         * @description The link lives.
         */
        Heartbeat: {
            /**
             * At
             * Format: date-time
             * @description When it happened, UTC.
             */
            at: string;
            /**
             * Cursor
             * @description Place in the event stream that this frame brings the client to.
             */
            cursor: number;
            data: components["schemas"]["HeartbeatData"];
            /**
             * Seq
             * @description Number of the frame on this connection, from 1, without a gap.
             */
            seq: number;
            /**
             * @description discriminator enum property added by openapi-typescript
             * @enum {string}
             */
            type: "heartbeat";
        };
        /**
         * HeartbeatData
         * @description Nothing but a sign of life.
         */
        HeartbeatData: Record<string, never>;
        /**
         * Hello
         * @description First frame of a connection.
         */
        Hello: {
            /**
             * At
             * Format: date-time
             * @description When it happened, UTC.
             */
            at: string;
            /**
             * Cursor
             * @description Place in the event stream that this frame brings the client to.
             */
            cursor: number;
            data: components["schemas"]["HelloData"];
            /**
             * Seq
             * @description Number of the frame on this connection, from 1, without a gap.
             */
            seq: number;
            /**
             * @description discriminator enum property added by openapi-typescript
             * @enum {string}
             */
            type: "hello";
        };
        /**
         * HelloData
         * @description What a client needs to know first.
         */
        HelloData: {
            /**
             * Heartbeat Seconds
             * @description Without any frame for three times as long, the link is dead.
             */
            heartbeat_seconds: number;
            /**
             * Resumed
             * @description Whether the events after the given cursor follow; else a snapshot does.
             */
            resumed: boolean;
            /**
             * Session Id
             * @description The sign-in that the stream belongs to.
             */
            session_id: string;
        };
        /**
         * Live
         * @description Prices and profits, throttled.
         */
        Live: {
            /**
             * At
             * Format: date-time
             * @description When it happened, UTC.
             */
            at: string;
            /**
             * Cursor
             * @description Place in the event stream that this frame brings the client to.
             */
            cursor: number;
            data: components["schemas"]["LiveData"];
            /**
             * Seq
             * @description Number of the frame on this connection, from 1, without a gap.
             */
            seq: number;
            /**
             * @description discriminator enum property added by openapi-typescript
             * @enum {string}
             */
            type: "live";
        };
        /**
         * LiveData
         * @description What moved since the last such frame; only the newest of each.
         */
        LiveData: {
            /**
             * Accounts
             * @description Profit and loss per account.
             */
            accounts: {
                [key: string]: unknown;
            }[];
            /**
             * Quotes
             * @description Watched symbols.
             */
            quotes: components["schemas"]["LiveQuote"][];
        };
        /**
         * LiveQuote
         * @description A price that moved.
         */
        LiveQuote: {
            /**
             * Ask
             * @description Best ask.
             */
            ask: string;
            /**
             * At
             * Format: date-time
             * @description When the market made it.
             */
            at: string;
            /**
             * Bid
             * @description Best bid.
             */
            bid: string;
            /**
             * Halted
             * @description Whether trading is halted.
             */
            halted: boolean;
            /**
             * Last
             * @description Last price.
             */
            last: string;
            /**
             * Symbol
             * @description Canonical symbol.
             */
            symbol: string;
        };
        /**
         * Ping
         * @description Ask for a heartbeat now.
         */
        Ping: {
            /**
             * @description discriminator enum property added by openapi-typescript
             * @enum {string}
             */
            type: "ping";
        };
        /**
         * Renew
         * @description Go on under another sign-in of the same user, without a drop.
         */
        Renew: {
            /** Ticket */
            ticket: string;
            /**
             * @description discriminator enum property added by openapi-typescript
             * @enum {string}
             */
            type: "renew";
        };
        /** @description From the server. */
        ServerMessage: components["schemas"]["Hello"] | components["schemas"]["Snapshot"] | components["schemas"]["EventMessage"] | components["schemas"]["Gap"] | components["schemas"]["Live"] | components["schemas"]["Heartbeat"];
        /**
         * Snapshot
         * @description Everything as it stands at `cursor` or later; events that follow may be part of it already.
         */
        Snapshot: {
            /**
             * At
             * Format: date-time
             * @description When it happened, UTC.
             */
            at: string;
            /**
             * Cursor
             * @description Place in the event stream that this frame brings the client to.
             */
            cursor: number;
            /**
             * Data
             * @description By topic: accounts, positions, balances, orders, plans, kills, ...
             */
            data: {
                [key: string]: unknown;
            };
            /**
             * Seq
             * @description Number of the frame on this connection, from 1, without a gap.
             */
            seq: number;
            /**
             * @description discriminator enum property added by openapi-typescript
             * @enum {string}
             */
            type: "snapshot";
        };
        /**
         * Watch
         * @description Send prices of these symbols from now on, and of no others.
         */
        Watch: {
            /** Symbols */
            symbols: string[];
            /**
             * @description discriminator enum property added by openapi-typescript
             * @enum {string}
             */
            type: "watch";
        };
    };
    responses: never;
    parameters: never;
    requestBodies: never;
    headers: never;
    pathItems: never;
}
export type $defs = Record<string, never>;
export type operations = Record<string, never>;
export type ServerMessage = components['schemas']['ServerMessage']
export type ClientMessage = components['schemas']['ClientMessage']
