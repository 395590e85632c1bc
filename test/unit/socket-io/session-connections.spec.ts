import { EventEmitter } from 'node:events';
import { beforeEach, describe, expect, it } from 'vitest';
import { SessionConnections } from '../../../src/socket-io/session-connections.js';
import { FakeClock } from '../../../src/testing/fake-clock.js';

class Connection extends EventEmitter {
  readonly request = {};
  closings = 0;

  close(): void {
    this.closings += 1;
    this.emit('close');
  }
}

describe('connections of sessions', () => {
  let clock: FakeClock;
  let connections: SessionConnections;
  beforeEach(() => {
    clock = new FakeClock();
    connections = new SessionConnections(clock);
  });
  const opened = (handle: string): Connection => {
    const connection = new Connection();
    connections.add(handle, connection);
    return connection;
  };
  const closings = (...all: Connection[]): number[] => all.map((one) => one.closings);

  it('are closed when their session ends, after what is being answered', () => {
    const [first, second, other] = [opened('a'), opened('a'), opened('b')];
    connections.end('a');
    expect(closings(first, second, other)).toEqual([0, 0, 0]);
    clock.advance(0);
    expect(closings(first, second, other)).toEqual([1, 1, 0]);
  });

  it('are closed when their session ended while they were being opened', () => {
    connections.end('a');
    const [late, other] = [opened('a'), opened('b')];
    clock.advance(0);
    expect(closings(late, other)).toEqual([1, 0]);
  });

  it('are forgotten when they close', () => {
    const [first, second] = [opened('a'), opened('a')];
    first.close();
    connections.end('a');
    clock.advance(0);
    expect(closings(first, second)).toEqual([1, 1]);
  });
});
