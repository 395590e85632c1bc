import { describe, expect, it } from 'vitest';
import { checkVisits } from '../support/history/sessions/check-visits.js';
import type { Visit } from '../support/history/sessions/visit.js';

const BOUNDS = { patience: 10_000_000, delay: 100_000 };

/** A request of ten milliseconds. */
function visit(start: number, more: Partial<Visit>): Visit {
  const { status = 200 } = more;
  const from = start * 1_000;
  const common = { person: 'ada', tab: 'one', host: 'a', operation: 'read', status } as const;
  const held = status === 200 ? {} : undefined;
  return { ...common, start: from, end: from + 10_000, held, ...more };
}

/** What begins a session: `owner` is ada/1. */
const FIRST = visit(0, { operation: 'write', number: 1, told: 'A' });
const ONE = { owner: 'ada/1', one: 1 };
const read = (start: number, sent: string, held: Visit['held']) => visit(start, { sent, held });

function rulesOf(...visits: Visit[]): string[] {
  return checkVisits([FIRST, ...visits], BOUNDS).map(({ rule }) => rule);
}

describe('the checker of sessions finds', () => {
  it('nothing in what is as it should be', () => {
    const visits = [
      read(20, 'A', ONE),
      visit(40, { operation: 'write', tab: 'two', number: 2, sent: 'A', held: ONE }),
      visit(60, { operation: 'login', number: 3, sent: 'A', told: 'B', held: { ...ONE, two: 2 } }),
      read(80, 'B', { owner: 'ada/1', one: 3, two: 2, user: 'ada' }),
      read(80, 'A', {}),
      visit(100, { operation: 'logout', sent: 'B', held: { owner: 'ada/1', one: 3, two: 2, user: 'ada' } }),
      read(120, 'B', {}),
    ];
    expect(rulesOf(...visits)).toEqual([]);
  });

  it.each<[string, string, Visit[]]>([
    ['an answer that took too long', 'answer', [visit(20, { sent: 'A', held: ONE, end: 20_000_000 })]],
    ['an error that is none of ours', 'answer', [visit(20, { sent: 'A', status: 500 })]],
    ['a cookie beside a failure', 'answer', [visit(20, { status: 503, told: 'B', operation: 'write' })]],
    ['a success that nothing was stored for', 'answer', [visit(20, { operation: 'write', number: 2 })]],
    ['a field that is gone', 'lost update', [read(20, 'A', { owner: 'ada/1' })]],
    [
      'a field that is gone under another id',
      'lost update',
      [
        visit(20, { operation: 'rotate', number: 2, tab: 'two', sent: 'A', told: 'B', held: ONE, grace: 0 }),
        read(40, 'B', { owner: 'ada/1', two: 2 }),
      ],
    ],
    [
      'a field that goes back to what was not answered 200',
      'lost update',
      [
        visit(20, { operation: 'write', number: 2, sent: 'A', status: 503 }),
        visit(40, { operation: 'write', number: 3, sent: 'A', held: ONE }),
        read(60, 'A', { owner: 'ada/1', one: 2 }),
      ],
    ],
    ['a session that nothing has ended', 'lost session', [read(20, 'A', {})]],
    [
      'a session that was only refused to be ended',
      'lost session',
      [visit(20, { operation: 'logout', sent: 'A', status: 409 }), read(40, 'A', {})],
    ],
    [
      'a session after its logout',
      'revived',
      [visit(20, { operation: 'logout', sent: 'A', held: ONE }), read(40, 'A', ONE)],
    ],
    [
      'a session under its new id after a logout by the old one',
      'revived',
      [
        visit(20, { operation: 'logout', sent: 'A', held: ONE, end: 50_000 }),
        visit(20, { operation: 'login', number: 2, sent: 'A', told: 'B', held: ONE }),
        read(60, 'B', { owner: 'ada/1', one: 2, user: 'ada' }),
      ],
    ],
    [
      'a session of somebody whose sessions were all ended',
      'revived',
      [
        visit(20, { operation: 'login', number: 2, sent: 'A', told: 'B', held: ONE }),
        visit(40, { operation: 'end all' }),
        read(60, 'B', { owner: 'ada/1', one: 2, user: 'ada' }),
      ],
    ],
    [
      'a former id that reads longer than its grace',
      'revived',
      [
        visit(20, { operation: 'rotate', number: 2, sent: 'A', told: 'B', held: ONE, grace: 300 }),
        read(500, 'A', ONE),
      ],
    ],
    ['a session of somebody else', 'mixed up', [read(20, 'A', { owner: 'eve/1', one: 1 })]],
    ['somebody else signed in', 'mixed up', [read(20, 'A', { ...ONE, user: 'eve' })]],
    [
      'what was stored in another session',
      'mixed up',
      [
        visit(20, { operation: 'write', number: 2, tab: 'two', told: 'B' }),
        read(40, 'A', { ...ONE, two: 2 }),
      ],
    ],
    ['what nobody has stored', 'mixed up', [read(20, 'A', { ...ONE, two: 7 })]],
  ])('%s', (_, rule, visits) => {
    expect(rulesOf(...visits)).toEqual([rule]);
  });
});
