import { describe, expect, it } from 'vitest';
import type { ResponseFlights } from '../../../src/http/engine/response-flights.js';
import { quiet } from '../cache/processes.js';
import { bodyOf, kept, leading, question, run, Servers } from './response-servers.js';

describe('responses that differ by headers of the request', () => {
  const [de, en] = ['de', 'en'].map((value) => ({ 'accept-language': value }));
  const selected = (value: string) => [{ name: 'accept-language', value }];

  it('are kept apart, though nobody knew before the first one was made', async () => {
    const servers = new Servers();
    const [one, two] = [servers.start(), servers.start()];
    await run(one.flights, question(de), kept('Guten Tag', selected('de')));
    await run(one.flights, question(en), kept('Good day', selected('en')));
    for (const { flights } of [one, two, servers.start()]) {
      expect(bodyOf(await flights.ask(question(de)))).toBe('Guten Tag');
      expect(bodyOf(await flights.ask(question(en)))).toBe('Good day');
      leading(await flights.ask(question({ 'accept-language': 'fr' }))).filler.fail();
    }
  });

  it('take one round trip where this process has learned it', async () => {
    const servers = new Servers();
    const { flights, cache } = servers.start();
    await run(flights, question(de), kept('Guten Tag', selected('de')));
    await cache.del('page');
    expect(bodyOf(await flights.ask(question(de)))).toBe('Guten Tag');
  });

  it('are found when they turn out to differ by one header more', async () => {
    const servers = new Servers();
    const [one, two] = [servers.start(), servers.start()];
    await run(one.flights, question(de), kept('Guten Tag', selected('de')));
    expect(bodyOf(await two.flights.ask(question(de)))).toBe('Guten Tag');
    const mobile = { 'accept-language': 'en', 'x-device': 'mobile' };
    const both = [...selected('en'), { name: 'x-device', value: 'mobile' }];
    await run(one.flights, question(mobile), kept('G’day', both));
    for (const { flights } of [one, two, servers.start()]) {
      expect(bodyOf(await flights.ask(question(mobile)))).toBe('G’day');
      leading(await flights.ask(question({ ...mobile, 'x-device': 'tv' }))).filler.fail();
    }
  });

  it('wait for the one that is theirs, and run their own handlers where it is another one', async () => {
    const servers = new Servers();
    const { flights } = servers.start();
    const first = leading(await flights.ask(question(de)));
    const waiting = [flights.ask(question(de)), flights.ask(question(en))];
    await quiet();
    first.filler.store(kept('Guten Tag', selected('de')));
    await quiet();
    expect((await Promise.all(waiting)).map(bodyOf)).toEqual(['Guten Tag', 'lead']);
  });

  it('are stored up to 32 of them: who sends others does not fill the cache', async () => {
    const servers = new Servers();
    const { flights, cache } = servers.start();
    for (let at = 0; at < 100; at++) {
      const headers = { 'accept-language': `x${at}` };
      const answer = await flights.ask(question(headers));
      if (answer.kind === 'lead') answer.filler.store(kept('page', selected(`x${at}`)));
      await quiet();
    }
    const keys: string[] = [];
    for await (const key of cache.keys()) keys.push(key);
    expect(keys).toHaveLength(32);
  });
});

describe('variants that somebody makes up', () => {
  const variant = (name: string) => ({ 'accept-language': name });
  const visit = async (flights: ResponseFlights, name: string): Promise<string> => {
    const answer = await flights.ask(question(variant(name)));
    const made = kept(name, [{ name: 'accept-language', value: name }]);
    if (answer.kind !== 'stored') answer.filler?.store(made);
    await quiet();
    return bodyOf(answer);
  };

  it('keep those that are asked for out of the cache for a minute, and none that is there', async () => {
    const servers = new Servers();
    const { flights } = servers.start();
    await visit(flights, 'de');
    for (let at = 0; at < 100; at++) await visit(flights, `before ${at}`);
    expect(await visit(flights, 'en')).toBe('alone');
    for (let second = 1; second < 60; second++) {
      await servers.processes.pass(1_000);
      expect(await visit(flights, 'de')).toBe('de');
      await visit(flights, `later ${second}`);
    }
    expect(await visit(flights, 'en')).toBe('alone');
    await servers.processes.pass(1_000);
    expect(await visit(flights, 'en')).toBe('lead');
    for (let at = 0; at < 100; at++) await visit(flights, `after ${at}`);
    expect([await visit(flights, 'en'), await visit(flights, 'fr')]).toEqual(['en', 'alone']);
  });
});
