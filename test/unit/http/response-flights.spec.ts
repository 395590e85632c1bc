import { describe, expect, it } from 'vitest';
import type { Answer, Question } from '../../../src/http/engine/response-question.js';
import { quiet } from '../cache/processes.js';
import { bodyOf, kept, leading, question, run, Servers, textOf } from './response-servers.js';

describe('requests for one response', () => {
  it('of all processes share one run of the handler, and those that come later its response', async () => {
    const servers = new Servers();
    const [one, two] = [servers.start(), servers.start()];
    const first = leading(await one.flights.ask(question()));
    const waiting = [one, two, one].map(({ flights }) => flights.ask(question()));
    await servers.processes.pass(50);
    first.filler.store(kept('made once'));
    await servers.processes.pass(2_000);
    expect((await Promise.all(waiting)).map(bodyOf)).toEqual(['made once', 'made once', 'made once']);
    expect(bodyOf(await two.flights.ask(question()))).toBe('made once');
    expect(textOf(await two.flights.find(question()))).toBe('made once');
  });

  it('run their own handlers at once where its response is for one client alone, as do those that come soon', async () => {
    const servers = new Servers();
    const [one, two] = [servers.start(), servers.start()];
    const first = leading(await one.flights.ask(question()));
    const waiting = [one, two].map(({ flights }) => flights.ask(question()));
    await servers.processes.pass(50);
    first.filler.refuse();
    await servers.processes.pass(2_000);
    expect((await Promise.all(waiting)).map(bodyOf)).toEqual(['alone', 'alone']);
    expect(bodyOf(await two.flights.ask(question()))).toBe('alone');
    expect(await two.flights.find(question())).toBeUndefined();
  });

  it('are tried again, one at a time while nobody waits, some seconds after one could not be stored', async () => {
    const servers = new Servers();
    const [one, two] = [servers.start(), servers.start()];
    leading(await one.flights.ask(question())).filler.refuse();
    await servers.processes.pass(10_001);
    const [probe, other] = [await one.flights.ask(question()), await two.flights.ask(question())];
    expect([bodyOf(probe), bodyOf(other)]).toEqual(['alone', 'alone']);
    if (probe.kind !== 'alone' || other.kind !== 'alone') throw new Error('unreachable');
    other.filler?.store(kept('of who does not probe'));
    await quiet();
    expect(bodyOf(await two.flights.ask(question()))).toBe('alone');
    probe.filler?.store(kept('of who probes'));
    await quiet();
    expect(bodyOf(await two.flights.ask(question()))).toBe('of who probes');
  });

  it('are cached again soon, though somebody asks for what cannot be stored in front of every one of them', async () => {
    const servers = new Servers();
    const [one, two] = [servers.start(), servers.start()];
    /** Asks five times a second, each time in front of all others. */
    const attack = async (): Promise<void> => {
      const answer = await one.flights.ask(question());
      if (answer.kind !== 'stored') answer.filler?.refuse();
      await quiet();
    };
    let asked = 0;
    let found: Answer;
    do {
      await attack();
      found = await two.flights.ask(question());
      if (found.kind !== 'stored') found.filler?.store(kept('for all'));
      await servers.processes.pass(200);
      asked += 1;
      // Each one tries with a chance of one to eight: that 200 do not is as likely as 1 to 400,000,000,000.
    } while (found.kind !== 'stored' && asked < 200);
    expect(bodyOf(found)).toBe('for all');
    await attack();
    expect(bodyOf(await one.flights.ask(question()))).toBe('for all');
  });

  it('run their own handlers where there was no response, and the next request leads', async () => {
    const servers = new Servers();
    const { flights } = servers.start();
    const first = leading(await flights.ask(question()));
    const waiting = flights.ask(question());
    await quiet();
    first.filler.fail();
    expect(bodyOf(await waiting)).toBe('alone');
    expect(bodyOf(await flights.ask(question()))).toBe('lead');
  });

  it('wait for so long and no longer; the response is stored all the same', async () => {
    const servers = new Servers();
    const { flights } = servers.start();
    const first = leading(await flights.ask(question()));
    const waiting = flights.ask(question({}, { wait: 1_000 }));
    await servers.processes.pass(999);
    await servers.processes.pass(1);
    expect(bodyOf(await waiting)).toBe('alone');
    first.filler.store(kept('late'));
    await quiet();
    expect(bodyOf(await flights.ask(question()))).toBe('late');
  });

  it('do not wait one after the other for a handler that hangs', async () => {
    const servers = new Servers();
    const { flights } = servers.start();
    const first = leading(await flights.ask(question()));
    const patient = flights.ask(question({}, { wait: 1_000 }));
    await servers.processes.pass(1_000);
    expect(bodyOf(await patient)).toBe('alone');
    const next = flights.ask(question({}, { wait: 1_000 }));
    await servers.processes.pass(250);
    expect(bodyOf(await next)).toBe('alone');
    first.filler.store(kept('at last'));
    await quiet();
    expect(bodyOf(await flights.ask(question()))).toBe('at last');
  });

  it('that waited in vain are not made to lead afterwards: the next one is', async () => {
    const servers = new Servers();
    const [one, two] = [servers.start(), servers.start()];
    const first = leading(await one.flights.ask(question()));
    const waiting = two.flights.ask(question({}, { wait: 10 }));
    await servers.processes.pass(10);
    expect(bodyOf(await waiting)).toBe('alone');
    first.filler.fail();
    await servers.processes.pass(2_000);
    expect(bodyOf(await two.flights.ask(question()))).toBe('lead');
  });

  it.each(['known', 'named'])(
    'are not given what was made before its tag "%s" was invalidated',
    async (tag) => {
      const servers = new Servers();
      const [one, two] = [servers.start(), servers.start()];
      const first = leading(await one.flights.ask(question()));
      await two.cache.invalidateTags(tag);
      const after = [one, two].map(({ flights }) => flights.ask(question()));
      await quiet();
      first.filler.store(kept('older'));
      await servers.processes.pass(2_000);
      leading(await Promise.race(after)).filler.store(kept('newer'));
      await servers.processes.pass(2_000);
      expect((await Promise.all(after)).map(bodyOf).toSorted()).toEqual(['lead', 'newer']);
      expect(bodyOf(await one.flights.ask(question()))).toBe('newer');
    },
  );
});

describe('a response that is stale', () => {
  it('is served at once while one request of all renews it', async () => {
    const stale = { revalidate: 30_000, error: 0 };
    const servers = new Servers({ stale });
    const [one, two] = [servers.start(), servers.start()];
    await run(one.flights, question(), kept('old', [], 1_000));
    await servers.processes.pass(1_500);
    const renewals: string[] = [];
    const refresh: Question['refresh'] = (old, filler) => {
      renewals.push(textOf(old));
      filler.store(kept('new'));
    };
    const asked = question(
      {},
      { mayServeStale: (_old, staleFor, when) => when === 'revalidate' && staleFor < 30_000, refresh },
    );
    const answers = await Promise.all([one, two, one].map(({ flights }) => flights.ask(asked)));
    expect(answers.map(bodyOf)).toEqual(['old', 'old', 'old']);
    await quiet();
    expect(renewals).toEqual(['old']);
    expect(bodyOf(await two.flights.ask(asked))).toBe('new');
    await Promise.all(servers.settling);
  });

  it('is given in place of a run that fails, to who leads and to who waits; not once it is invalidated', async () => {
    const stale = { revalidate: 0, error: 60_000 };
    const servers = new Servers({ stale });
    const { flights, cache } = servers.start();
    const asked = question(
      {},
      { mayServeStale: (_old, staleFor, when) => when === 'error' && staleFor < 60_000 },
    );
    await run(flights, asked, kept('old', [], 1_000));
    await servers.processes.pass(1_500);
    const first = leading(await flights.ask(asked));
    expect(textOf(first.old)).toBe('old');
    const waiting = flights.ask(asked);
    await quiet();
    first.filler.fail();
    expect(textOf(await first.instead())).toBe('old');
    expect(bodyOf(await waiting)).toBe('old');
    await servers.processes.pass(2_000);
    const next = leading(await flights.ask(asked));
    await cache.invalidateTags('named');
    next.filler.fail();
    expect(await next.instead()).toBeUndefined();
  });
});
