import { describe, expect, it } from 'vitest';
import { CHANGE_TOPIC } from '../../../src/connection/change-message.js';
import { infoOf, setUpChannel, settled } from './fake-wire.js';

const REFUSED = new Error("NOPERM User app has no permissions to run the 'client|tracking' command");
const PULSE = ['PING', 'ROLE', 'TIME'];
/** The first one on a socket. */
const FIRST = [...PULSE, 'INFO server'];
const TRACK = ['CLIENT TRACKING OFF', 'CLIENT TRACKING ON BCAST PREFIX p:'];

/** A channel that is trusted. */
async function trusted() {
  const setup = setUpChannel();
  const { told, stop } = setup.hear('p:');
  const wire = setup.wire();
  await wire.connect();
  expect(setup.channel.trusted).toBe(true);
  return { ...setup, wire, told, stop };
}

describe('a channel that nobody listens to', () => {
  it('opens nothing', async () => {
    const { channel, wires, clock } = setUpChannel();
    expect(channel.trusted).toBe(false);
    expect(wires).toHaveLength(0);
    await channel.close();
    expect(clock.pending).toBe(0);
  });

  it('opens with the first who listens and closes with the last who goes', async () => {
    const { channel, wires, hear, clock } = setUpChannel();
    const [one, two] = [hear('a:'), hear('b:')];
    expect(wires.map(({ opened }) => opened)).toEqual([1]);
    await wires[0]?.connect();
    one.stop();
    one.stop();
    expect(wires[0]?.closed).toBe(0);
    two.stop();
    expect(wires[0]?.closed).toBe(1);
    expect(channel.trusted).toBe(false);
    expect(clock.pending).toBe(0);
    hear('a:');
    expect(wires).toHaveLength(2);
  });
});

describe('the way to trust', () => {
  it('has Redis tell of the keys, and asks whether it can be relied on, in one go', async () => {
    const { wire } = await trusted();
    expect(wire.sent).toEqual([...TRACK, ...FIRST]);
  });

  it('is not gone before Redis has answered', async () => {
    const { channel, wire, hear } = setUpChannel();
    hear('p:');
    wire().answering = false;
    await wire().connect();
    expect(channel.trusted).toBe(false);
    await wire().answer();
    expect(channel.trusted).toBe(true);
  });

  it('tells that anything may have changed on each step, under a number of its own, before it is trusted', async () => {
    const { told, wire, channel } = await trusted();
    expect(told).toEqual(['lost 1', 'lost 2']);
    wire.lose('Socket closed unexpectedly');
    expect(channel.trusted).toBe(false);
    await wire.connect();
    expect(told).toEqual(['lost 1', 'lost 2', 'lost 3', 'lost 4', 'lost 5']);
    expect(channel.epoch).toBe(5);
    expect(channel.trusted).toBe(true);
  });

  it('tells of each change of the state once', async () => {
    const { wire, hear, events } = await trusted();
    hear('q:');
    await settled();
    wire.lose('Socket closed unexpectedly');
    wire.lose('connect ECONNREFUSED');
    await wire.connect();
    expect(events).toEqual([
      'trusted (tracking): Redis tracks keys',
      'down (none): Socket closed unexpectedly',
      'trusted (tracking): Redis tracks keys',
    ]);
  });
});

describe('what is heard', () => {
  it('reaches those to whom the key belongs', async () => {
    const { wire, told, hear } = await trusted();
    const other = hear('q:v:', 'q:t:');
    await settled();
    told.length = other.told.length = 0;
    for (const key of ['p:a', 'q:v:b', 'q:t:c', 'q:x', '']) wire.push(key);
    expect(told).toEqual(['p:a']);
    expect(other.told).toEqual(['q:v:b', 'q:t:c']);
  });

  it('reaches two who listen to the same keys, once each', async () => {
    const { wire, told, hear } = await trusted();
    const same = hear('p:', 'p:v:');
    wire.push('p:v:a');
    expect([told.at(-1), same.told.at(-1)]).toEqual(['p:v:a', 'p:v:a']);
    expect(same.told.filter((one) => one === 'p:v:a')).toHaveLength(1);
    // Redis takes no prefix that begins with another one.
    expect(wire.sent.filter((one) => one.includes('BCAST'))).toEqual(TRACK.slice(1));
  });

  it('is that anything may have changed, when Redis was emptied', async () => {
    const { wire, told, channel } = await trusted();
    wire.push(null);
    expect(told.at(-1)).toBe('lost 3 trusted');
    expect(channel.epoch).toBe(3);
  });

  it('is heard while it is not trusted, too', async () => {
    const { wire, told, pass } = await trusted();
    wire.answering = false;
    await pass(400);
    wire.push('p:a');
    expect(told.at(-1)).toBe('p:a');
  });
});

describe('other keys', () => {
  it('are asked for as soon as somebody listens to them, and until then nothing is trusted', async () => {
    const { wire, channel, told, hear } = await trusted();
    wire.answering = false;
    hear('q:');
    expect(channel.trusted).toBe(false);
    expect(told.at(-1)).toBe('lost 3');
    expect(wire.sent.slice(6)).toEqual([
      'CLIENT TRACKING OFF',
      'CLIENT TRACKING ON BCAST PREFIX p: PREFIX q:',
      ...PULSE,
    ]);
    await wire.answer();
    expect(channel.trusted).toBe(true);
    expect(told.at(-1)).toBe('lost 4');
  });

  it('are not overlooked when they come while others are being asked for', async () => {
    const { channel, wire, hear } = setUpChannel();
    hear('p:');
    wire().answering = false;
    await wire().connect();
    const first = wire().sent.length;
    const { told } = hear('q:');
    expect(wire().sent.slice(first)[1]).toBe('CLIENT TRACKING ON BCAST PREFIX p: PREFIX q:');
    await wire().answer(first);
    expect(channel.trusted).toBe(false);
    await wire().answer();
    expect(channel.trusted).toBe(true);
    expect(told).toEqual(['lost 2']);
  });

  it('change nothing when they go', async () => {
    const { wire, channel, hear, told } = await trusted();
    const other = hear('q:');
    await settled();
    const { length } = wire.sent;
    const { epoch } = channel;
    told.length = 0;
    other.stop();
    wire.push('q:a');
    expect(wire.sent).toHaveLength(length);
    expect([told, channel.epoch, channel.trusted]).toEqual([[], epoch, true]);
  });
});

describe('a ping', () => {
  it('is sent every 500 ms, and keeps the channel trusted', async () => {
    const { wire, channel, pass, told } = await trusted();
    for (let count = 1; count <= 10; count += 1) {
      await pass(500);
      expect(wire.sent.slice(6)).toHaveLength(count * 3);
      expect(channel.trusted).toBe(true);
    }
    expect(wire.sent.slice(-3)).toEqual(PULSE);
    expect(told).toHaveLength(2);
  });

  it('that is answered gives trust for a second from when it was sent, and no longer', async () => {
    const { clock, wire, channel, pass } = await trusted();
    wire.answering = false;
    await pass(700);
    await wire.answer();
    // It was sent at 500. This process now stands still, so that nothing else is found out.
    clock.stall(790);
    expect(channel.trusted).toBe(true);
    clock.stall(10);
    expect(channel.trusted).toBe(false);
    expect(wire.replaced).toEqual([]);
  });

  it('that is not answered in time ends the connection', async () => {
    const { wire, channel, pass, told, events } = await trusted();
    wire.answering = false;
    await pass(890);
    expect(wire.replaced).toEqual([]);
    await pass(100);
    expect(wire.replaced).toEqual(['no answer']);
    expect(channel.trusted).toBe(false);
    expect(told.at(-1)).toBe('lost 3');
    expect(events.at(-1)).toBe('down (none): no answer');
    expect(channel.epoch).toBe(3);
  });

  it('that was answered while this process stood still is no missed one, but trusts nothing', async () => {
    const { clock, wire, channel, pass } = await trusted();
    wire.answering = false;
    await pass(500);
    clock.stall(2_000, () => expect(channel.trusted).toBe(false));
    expect(channel.trusted).toBe(false);
    await wire.answer();
    // That answer is too old to trust anything.
    expect(channel.trusted).toBe(false);
    expect(wire.replaced).toEqual([]);
    wire.answering = true;
    await pass(10);
    expect(channel.trusted).toBe(true);
    expect(channel.epoch).toBe(2);
  });

  it('is not sent once nobody listens', async () => {
    const { wire, stop, pass, clock } = await trusted();
    const { length } = wire.sent;
    stop();
    await pass(2_000);
    expect(wire.sent).toHaveLength(length);
    expect(clock.pending).toBe(0);
  });

  it('teaches what time it is', async () => {
    const { times, pass, clock } = await trusted();
    await pass(500);
    const reply = [Buffer.from('1'), Buffer.from('500')];
    expect(times).toEqual([
      [0, reply],
      [500, reply],
    ]);
    expect(clock.monotonic()).toBe(500);
  });
});

describe('a node', () => {
  it('that is no primary is never trusted; another socket may lead to the one that is', async () => {
    const { channel, wire, hear, pass, events } = setUpChannel();
    hear('p:');
    wire().answers.set('ROLE', [Buffer.from('slave'), Buffer.from('127.0.0.1'), 6379]);
    await wire().connect();
    await pass(990);
    expect(wire().replaced).toEqual([]);
    await pass(10);
    expect(wire().replaced).toEqual(['the node is no primary (slave)']);
    await wire().connect();
    expect(channel.trusted).toBe(false);
    await pass(1_000);
    wire().answers.set('ROLE', [Buffer.from('master'), 0, []]);
    await wire().connect();
    expect(channel.trusted).toBe(true);
    expect(wire().replaced).toHaveLength(2);
    expect(events).toEqual([
      'down (none): the node is no primary (slave)',
      'trusted (tracking): Redis tracks keys',
    ]);
  });

  it('that is no primary any more is not trusted from the next ping on', async () => {
    const { channel, wire, pass, told } = await trusted();
    wire.answers.set('ROLE', [Buffer.from('slave')]);
    await pass(500);
    expect(channel.trusted).toBe(false);
    expect(told.at(-1)).toBe('lost 3');
    expect(wire.replaced).toEqual([]);
  });

  it('that loads its data is not trusted', async () => {
    const { channel, wire, pass, told } = await trusted();
    wire.answers.set('PING', new Error('LOADING Redis is loading the dataset in memory'));
    await pass(500);
    expect(channel.trusted).toBe(false);
    wire.answers.set('PING', Buffer.from('PONG'));
    await pass(500);
    expect(channel.trusted).toBe(true);
    expect(told.slice(2)).toEqual(['lost 3', 'lost 4']);
  });

  it('is asked for no more than it permits', async () => {
    const { channel, wire, hear, pass } = setUpChannel();
    hear('p:');
    const refusal = new Error("NOPERM User app has no permissions to run the 'x' command");
    for (const name of [...PULSE, 'INFO']) wire().answers.set(name, refusal);
    await wire().connect();
    expect(channel.trusted).toBe(true);
    wire().sent.length = 0;
    await pass(1_000);
    expect(wire().sent).toEqual(['PING', 'PING']);
    expect(channel.trusted).toBe(true);
    wire().lose('Socket closed unexpectedly');
    wire().sent.length = 0;
    await wire().connect();
    expect(wire().sent).toEqual([...TRACK, ...FIRST]);
  });
});

describe('another node than the one that calls go to', () => {
  const OTHER = 'calls go to another node than the one that tells of changes';

  it('is never trusted, nor what time it is there; another socket may lead to the right one', async () => {
    const { channel, wire, hear, pass, events, times, calls } = setUpChannel();
    calls.server = 'two';
    hear('p:');
    await wire().connect();
    await pass(1_000);
    expect(channel.trusted).toBe(false);
    expect([wire().replaced, times]).toEqual([[OTHER], []]);
    wire().answers.set('INFO', infoOf('two'));
    await wire().connect();
    expect(channel.trusted).toBe(true);
    expect(events).toEqual([`down (none): ${OTHER}`, 'trusted (tracking): Redis tracks keys']);
  });

  it('is not trusted any more as soon as it is known that they go elsewhere', async () => {
    const { channel, wire, told, calls, pass, clock } = await trusted();
    calls.server = undefined;
    channel.compare();
    expect(channel.trusted).toBe(true);
    wire.answering = false;
    await pass(500);
    calls.server = 'two';
    channel.compare();
    expect(channel.trusted).toBe(false);
    expect(told.at(-1)).toBe('lost 3');
    // The answer to the ping that was under way changes nothing.
    await wire.answer();
    await pass(990);
    expect(channel.trusted).toBe(false);
    expect(wire.replaced).toEqual([]);
    expect(clock.pending).toBe(1);
    await pass(10);
    expect(wire.replaced).toEqual([OTHER]);
  });

  it('is compared with once it is known where calls go', async () => {
    const { channel, wire, hear, calls } = setUpChannel();
    calls.server = undefined;
    hear('p:');
    await wire().connect();
    expect(channel.trusted).toBe(true);
    calls.server = 'one';
    channel.compare();
    expect(channel.trusted).toBe(true);
    calls.server = 'two';
    channel.compare();
    expect(channel.trusted).toBe(false);
  });
});

describe('where Redis may not track keys', () => {
  async function speaking() {
    const setup = setUpChannel();
    const { told, stop } = setup.hear('p:');
    const wire = setup.wire();
    wire.answers.set('CLIENT TRACKING', REFUSED);
    await wire.connect();
    expect(setup.channel.trusted).toBe(true);
    return { ...setup, wire, told, stop };
  }

  it('messages are listened to, and trusted once it is sure that we may publish', async () => {
    const { wire, events } = await speaking();
    expect(wire.sent).toEqual([
      ...TRACK,
      ...FIRST,
      `SUBSCRIBE ${CHANGE_TOPIC}`,
      `PUBLISH ${CHANGE_TOPIC} `,
      ...FIRST,
    ]);
    expect(events).toEqual([`trusted (messages): ${REFUSED.message}`]);
  });

  it('the keys of messages are told to those to whom they belong', async () => {
    const { wire, told } = await speaking();
    wire.publish('');
    wire.publish('origin:7:3:p:a:3:q:a');
    wire.publish('origin:8:3:p:b');
    expect(told.slice(2)).toEqual(['p:a', 'p:b']);
  });

  it('a message that is missing means that anything may have changed', async () => {
    const { wire, told, channel } = await speaking();
    wire.publish('origin:7');
    wire.publish('origin:9:3:p:a');
    expect(told.slice(2)).toEqual(['lost 3 trusted']);
    expect(channel.epoch).toBe(3);
  });

  it('we tell others of our changes, and only there', async () => {
    const tracked = await trusted();
    expect([tracked.channel.voice.topic, tracked.channel.voice.next()]).toEqual(['', '']);
    const { channel } = await speaking();
    expect(channel.voice.topic).toBe(CHANGE_TOPIC);
    expect(channel.voice.next()).toMatch(/^[\w-]{11}:1$/);
  });

  it('we tell others as long as nobody knows how changes are told', () => {
    const { channel } = setUpChannel();
    expect(channel.voice.topic).toBe(CHANGE_TOPIC);
  });

  it('tracking is tried again with each socket, and messages are not heeded then', async () => {
    const { wire, told, channel } = await speaking();
    wire.lose('Socket closed unexpectedly');
    wire.answers.set('CLIENT TRACKING', Buffer.from('OK'));
    await wire.connect();
    expect(channel.trusted).toBe(true);
    const { length } = told;
    wire.publish('origin:7:3:p:a');
    expect(told).toHaveLength(length);
    expect(channel.voice.topic).toBe('');
  });

  it.each([
    ['subscribe', 'SUBSCRIBE'],
    ['publish', 'PUBLISH'],
  ])(
    'and where we may not %s either, nothing is trusted; it is told once and tried again',
    async (_what, name) => {
      const { channel, wire, hear, pass, events } = setUpChannel();
      hear('p:');
      wire().answers.set('CLIENT TRACKING', REFUSED);
      wire().answers.set(name, new Error('NOPERM No permissions to access a channel'));
      await wire().connect();
      await pass(29_990);
      const { length } = wire().sent;
      await pass(10);
      expect(wire().sent.length).toBeGreaterThan(length);
      expect(channel.trusted).toBe(false);
      expect(events).toEqual([`down (none): ${REFUSED.message}; NOPERM No permissions to access a channel`]);
      wire().lose('Socket closed unexpectedly');
      expect(events).toHaveLength(1);
      wire().answers.set('CLIENT TRACKING', Buffer.from('OK'));
      await wire().connect();
      expect(channel.trusted).toBe(true);
    },
  );
});

describe('a channel that is closed', () => {
  it('lets go of everything, whatever it was doing', async () => {
    const setup = await trusted();
    setup.wire.answering = false;
    await setup.pass(600);
    await setup.channel.close();
    expect(setup.wire.closed).toBe(1);
    expect(setup.clock.pending).toBe(0);
    expect(setup.channel.trusted).toBe(false);
    expect(setup.told.at(-1)).toBe('lost 3');
    setup.stop();
    await setup.channel.close();
    expect(setup.wire.closed).toBe(1);
  });

  it.each([1, 2, 3])(
    'lets go of everything when the last who listens goes at the %ith news',
    async (news) => {
      const { channel, clock, wire, pass } = setUpChannel();
      let left = news;
      const stop = channel.listen(['p:'], {
        changed: () => undefined,
        lost: () => {
          left -= 1;
          if (left === 0) stop();
        },
      });
      await wire().connect();
      wire().push(null);
      expect(channel.trusted).toBe(false);
      await pass(2_000);
      expect(clock.pending).toBe(0);
      expect(wire().closed).toBe(1);
    },
  );

  it('is not opened again', async () => {
    const { channel, wires, hear } = setUpChannel();
    await channel.close();
    hear('p:').stop();
    expect(wires).toHaveLength(0);
  });
});
