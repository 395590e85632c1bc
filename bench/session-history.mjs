// The history of sessions of the suite, for longer and beside connect-redis. HISTORY_SECONDS: how long in all (default 60),
// HISTORY_SEED: what the random decisions are made of.
import { serverVersion, withRedis } from './harness/redis.mjs';
import { report } from './harness/report.mjs';

// What is imported from here on is TypeScript.
await import('../test/support/typescript.mjs');
await import('reflect-metadata');
const { longSessionHistories } = await import('../test/support/history/sessions/long-session-histories.js');
const { chosenSeed } = await import('../test/support/history/random.js');

const SECONDS = Number(process.env['HISTORY_SECONDS'] ?? 60);
const SEED = chosenSeed();

const TEXT = `Four people, each with a browser of three tabs, use their sessions on several applications at once: the tabs read, write
fields of their own, sign in, rotate, regenerate, log out, and end all sessions of the user. Ours are applications on Express and on
Fastify, and a third one with a way of its own to Redis. Half of the time of ours everything goes wrong that Redis loses no data by:
connections are killed and stall, bytes arrive after their sender has given up, Redis pauses, stops, is killed and comes back with its
data, is full, is a replica. A history takes ten seconds; afterwards every session that there was is looked at.

Seed ${SEED}. It decides who does what in which order, but not when answers come: the figures differ from run to run.`;

const NOTES = `What counts as what: a field that lacks what was answered 200, or goes back (lost update); a session that is there after
its logout, or after its user's sessions were all ended (revived); an empty session in the place of one that nothing has ended (lost
session); what was stored in another session (mixed up); a status other than 200, 409 and 503, a cookie that comes with a failure
without being the session's new id, or more than ten seconds (wrong answer). One loss is counted with each request that sees it.

express-session stores a session as a whole, so of two requests at once the last one wins, and a logout or a regeneration loses
against who writes behind it. To end all sessions of a user, which it has no way of, is refused there.

Ours writes what a request has changed, and only to a session that lives. Two of these histories found mistakes of ours, which are
mended: a logout beside a rotation left the new id alive, and what had been on its way when its request was answered 503 took the
place of what the next one had stored.`;

const version = await withRedis(serverVersion);
const { rows, violations } = await longSessionHistories({ seconds: SECONDS, seed: SEED });
report('session-history', {
  title: 'Lost, revived and mixed up sessions',
  text: TEXT,
  notes: NOTES,
  versions: [`Redis ${version}`],
  sections: [
    {
      title: 'Violations, by the requests that saw them',
      head: [
        '',
        'histories',
        'requests',
        'faults',
        'lost updates',
        'revived',
        'lost sessions',
        'mixed up',
        'wrong answers',
      ],
      rows,
    },
  ],
});
for (const line of violations) console.error(line);
process.exit(violations.length === 0 ? 0 : 1);
