import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fieldValue } from '../../../src/http/rule/header-fields.js';
import type { ModelRoute } from '../../support/http-model/messages.js';
import { httpPrograms, type HttpProgram } from '../../support/http-model/programs.js';
import { CacheRules, type Manner } from '../../support/http-model/rfc-9111.js';
import { PureCache, RULES, type Served } from './pure-cache.js';

/** Seconds since the epoch. */
const START = Date.UTC(2030, 0, 1) / 1_000;

/** Plays a program; gives what is wrong with what was served, and what was served at all. */
function play({ route, steps }: HttpProgram, rules: typeof RULES = RULES) {
  const cache = new PureCache(route, rules);
  const model = new CacheRules(route);
  const wrong: string[] = [];
  const manners: Manner[] = [];
  let at = START;
  for (const step of steps) {
    at += step.passed;
    const served = cache.serve(step, at);
    if (served === undefined) continue;
    manners.push(served.manner);
    wrong.push(
      ...model.objections(served.run, step.request, at, served.manner),
      ...sentWrongly(served, route, at),
    );
  }
  return { wrong, manners };
}

function sentWrongly({ run, sent }: Served, { mode, audience }: ModelRoute, at: number): string[] {
  const wrong: string[] = [];
  const control = String(fieldValue(sent.headers, 'cache-control') ?? '');
  const age = fieldValue(sent.headers, 'age');
  const left = CacheRules.maxAgeLeft(run, at);
  if (sent.status !== run.response.status) wrong.push('another status');
  if (fieldValue(sent.headers, 'set-cookie') !== undefined) wrong.push('a cookie');
  if (audience === 'user' && !/private/i.test(control)) wrong.push("a user's own, and not private");
  if (mode === 'headers' && age !== String(CacheRules.age(run, at))) wrong.push(`the age ${String(age)}`);
  if (mode === 'policy' && age !== undefined) wrong.push('an age');
  const told = [...control.matchAll(/(?<!s-)max-age="?(\d+)/gi)].map(([, seconds]) => Number(seconds));
  if (mode === 'policy' && left !== undefined && Math.min(...told) > left)
    wrong.push(`${control}, with ${left} left`);
  return wrong;
}

describe('what the rules of the response cache serve', () => {
  it('is what some run, allowed for that request by RFC 9111, has made', () => {
    const served = {
      policy: { fresh: 0, waited: 0, revalidate: 0, error: 0 },
      headers: { fresh: 0, waited: 0, revalidate: 0, error: 0 },
    };
    fc.assert(
      fc.property(httpPrograms, (program) => {
        const { wrong, manners } = play(program);
        expect(wrong).toEqual([]);
        for (const manner of manners) served[program.route.mode][manner] += 1;
      }),
      { numRuns: 2_000 },
    );
    for (const { fresh, revalidate, error } of Object.values(served)) {
      expect(fresh).toBeGreaterThan(500);
      expect(revalidate).toBeGreaterThan(3);
      expect(error).toBeGreaterThan(3);
    }
  });

  const sabotage: Record<string, Partial<typeof RULES>> = {
    'every request is let in': { admitRequest: () => ({ may: 'fill' }) },
    'every response is stored that has a good head': {
      refuseResponse: () => undefined,
      refuseHead: () => undefined,
    },
    'the head that went out is not looked at': { refuseHead: () => undefined },
    'a response lives as long as its route says': { lifetimeOf: (_, __, ttl) => ({ ttl, grace: 0 }) },
    'an upstream age is not looked at': { initialAge: () => 0 },
    'Vary is not learned': { varyNames: () => [] },
    'a selection is not compared': { matchesSelection: () => true },
    'a stored response is given to anybody': { mayServe: () => true },
    'a stale response is served as long as it is there': { mayServeStale: () => true },
    'what middleware said last is forgotten': { withSentControl: (added) => added },
  };

  it.each(Object.entries(sabotage))('is found wrong when %s', (_, broken) => {
    const property = fc.property(httpPrograms, (program) => {
      expect(play(program, { ...RULES, ...broken }).wrong).toEqual([]);
    });
    expect(fc.check(property, { numRuns: 20_000, endOnFailure: true }).failed).toBe(true);
  });
});
