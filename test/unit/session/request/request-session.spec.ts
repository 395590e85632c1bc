import { ConflictException, ServiceUnavailableException } from '@nestjs/common';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { sessionNoticeOf } from '../../../../src/di/session-notice.js';
import { RedisUnavailableError, SerializationError, SessionGoneError } from '../../../../src/errors.js';
import { expressSession } from '../../../../src/session/express-session.js';
import { handleOf } from '../../../../src/session/record/session-ids.js';
import { ServedSessions } from '../../../../src/session/session-middleware.js';
import type { SessionRules } from '../../../../src/session/request/session-rules.js';
import type { SessionEvent } from '../../../../src/session/storage/session-event.js';
import { signId } from '../../../../src/session/request/session-cookie.js';
import { MemorySessions } from '../../../support/memory-sessions.js';
import { send, type RawReply } from '../../../e2e/http/http-client.js';
import { done, type AnyRequest } from '../../../e2e/session/session-routes.js';

const SECRET = 'a secret of at least thirty-two bytes';
const ID = 'i'.repeat(32);
const DAY = 86_400_000;

const RULES: SessionRules = {
  name: 'sid',
  secrets: [SECRET],
  cookie: {
    path: '/',
    domain: undefined,
    httpOnly: true,
    secure: 'auto',
    sameSite: 'lax',
    partitioned: false,
    priority: undefined,
  },
  ttl: DAY,
  rolling: true,
  onUnavailable: 'fail',
  onGone: 'event',
  device: false,
  excludes: () => false,
};

type Handle = (request: AnyRequest & IncomingMessage, response: ServerResponse) => unknown;

describe('the session of a request', () => {
  let storage: MemorySessions;
  let failures: unknown[];
  let events: SessionEvent[];
  let served: ServedSessions;
  const close: (() => void)[] = [];
  beforeEach(() => {
    storage = new MemorySessions();
    failures = [];
    events = [];
  });
  afterEach(() => {
    for (const one of close.splice(0)) one();
  });

  /** Lets a handler answer one request, which comes with the session of an id. */
  async function ask(
    handle: Handle,
    { id, ...rules }: Partial<SessionRules> & { id?: string } = {},
  ): Promise<RawReply> {
    served = new ServedSessions(
      {
        storage,
        rules: { ...RULES, ...rules },
        classes: expressSession(),
        report: (event) => void events.push(event),
        insecure: () => {},
      },
      () => false,
    );
    const server = createServer((request, response) => {
      const fail = (error: unknown): void => {
        failures.push(error);
        response.statusCode = 503;
        response.end('failed');
      };
      const run = (): void => {
        void (async () => handle(request as never, response))().catch(fail);
      };
      served.middleware(request, response, (reason) => (reason === undefined ? run() : fail(reason)));
    });
    server.listen(0, '127.0.0.1');
    close.push(() => server.close());
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const headers = id === undefined ? {} : { cookie: `sid=${encodeURIComponent(signId(id, SECRET))}` };
    return send(`http://127.0.0.1:${port}`, '/', { headers });
  }

  const idOf = (reply: RawReply): string =>
    /s%3A([\w-]{32})/.exec(String(reply.headers['set-cookie']))?.[1] ?? 'none';

  const store = (fields: object) => storage.create(ID, { fields: fields as never, maxAge: undefined });

  it('asks Redis nothing for a visitor without a session', async () => {
    await ask((request, response) => response.end(JSON.stringify(request.session)));
    expect(storage.calls).toEqual([]);
  });

  it('reads once, and writes nothing that nobody has changed', async () => {
    await store({ a: 1 });
    const reply = await ask((request, response) => response.end(JSON.stringify(request.session['a'])), {
      id: ID,
    });
    expect([reply.text, storage.calls]).toEqual(['1', ['create', 'read']]);
    expect(reply.headers).not.toHaveProperty('set-cookie');
    expect(reply.headers.vary).toBe('Cookie');
  });

  it('is not read by who does not look', async () => {
    await store({ a: 1 });
    const reply = await ask(
      (request, response) => {
        expect(sessionNoticeOf(request)).toMatchObject({ loaded: true, read: false, modified: false });
        response.end();
      },
      { id: ID },
    );
    expect(reply.headers).not.toHaveProperty('vary');
  });

  it('says to others whether it was read and changed', async () => {
    await store({ a: 1 });
    await ask(
      async (request, response) => {
        const notice = sessionNoticeOf(request);
        expect(notice).toMatchObject({ read: false, modified: false });
        request.session['a'] = 1;
        expect(notice).toMatchObject({ read: true, modified: false });
        request.session['a'] = 2;
        expect(notice).toMatchObject({ read: true, modified: true });
        await done((callback) => request.session.save(callback));
        expect(notice).toMatchObject({ modified: true });
        response.end();
      },
      { id: ID },
    );
    expect(failures).toEqual([]);
  });

  it('that is used is lengthened, and its cookie with it', async () => {
    await store({ a: 1 });
    storage.touchDue = true;
    const reply = await ask((_request, response) => response.end(), { id: ID });
    expect([idOf(reply), storage.calls.at(-1)]).toEqual([ID, 'touch']);
    const still = await ask((_request, response) => response.end(), { id: ID, rolling: false });
    expect([idOf(still), storage.calls.at(-1)]).toEqual(['none', 'read']);
  });

  it('that was ended meanwhile gets no cookie from who only read it', async () => {
    await store({ a: 1 });
    storage.touchDue = true;
    const reply = await ask(
      async (_request, response) => {
        await storage.destroy(ID);
        response.end();
      },
      { id: ID },
    );
    expect([reply.status, idOf(reply)]).toEqual([200, 'none']);
  });

  it('that cannot be lengthened is answered all the same', async () => {
    await store({ a: 1 });
    storage.touchDue = true;
    const reply = await ask(
      (_request, response) => {
        storage.before = () => Promise.reject(new Error('away'));
        response.end('ok');
      },
      { id: ID },
    );
    expect([reply.status, reply.text, idOf(reply)]).toEqual([200, 'ok', 'none']);
  });

  it('that was ended meanwhile is not brought back by who writes to it', async () => {
    for (const onGone of ['event', 'error'] as const) {
      storage = new MemorySessions();
      failures = [];
      events = [];
      await store({ a: 1 });
      const reply = await ask(
        async (request, response) => {
          request.session['a'] = 2;
          await storage.destroy(ID);
          response.end();
        },
        { id: ID, onGone },
      );
      expect([reply.status, idOf(reply)]).toEqual([onGone === 'event' ? 200 : 503, 'none']);
      expect(storage.fields(ID)).toBeUndefined();
      if (onGone === 'event') continue;
      expect(failures[0]).toBeInstanceOf(ConflictException);
      expect((failures[0] as Error).cause).toBeInstanceOf(SessionGoneError);
    }
  });

  it('keeps what another request wrote meanwhile', async () => {
    await store({ a: 1, gone: 1 });
    await ask(
      async (request, response) => {
        request.session['b'] = 2;
        delete request.session['gone'];
        await ask(
          (other, answer) => {
            other.session['c'] = 3;
            answer.end();
          },
          { id: ID },
        );
        response.end();
      },
      { id: ID },
    );
    expect(storage.fields(ID)).toEqual({ a: 1, b: 2, c: 3 });
  });

  it('is stored by saves and the end in their order, each with what is new', async () => {
    const reply = await ask(async (request, response) => {
      request.session['a'] = 1;
      request.session.save();
      request.session['b'] = 2;
      const saved = done((callback) => request.session.save(callback));
      request.session['c'] = 3;
      response.end();
      await saved;
    });
    expect(storage.fields(idOf(reply))).toEqual({ a: 1, b: 2, c: 3 });
    expect(storage.calls.slice(0, 2)).toEqual(['create', 'update']);
  });

  it('that was regenerated is gone before the answer, and the new one has its cookie', async () => {
    await store({ a: 1 });
    const reply = await ask(
      async (request, response) => {
        const old = request.session;
        await done((callback) => old.regenerate(callback));
        expect(request.session).not.toBe(old);
        expect(request.sessionID).toBe(request.session.id);
        request.session['b'] = 2;
        old['c'] = 3;
        await done((callback) => old.save(callback));
        response.end();
      },
      { id: ID },
    );
    expect(storage.fields(ID)).toBeUndefined();
    expect(storage.fields(idOf(reply))).toEqual({ b: 2 });
  });

  it('keeps its object when it gets another id', async () => {
    await store({ a: 1 });
    const reply = await ask(
      async (request, response) => {
        const { session } = request;
        await served.rotate(request, 1_000);
        expect(request.session).toBe(session);
        expect([request.sessionID, session.id]).toEqual([session.id, session.id]);
        expect(session.id).not.toBe(ID);
        expect(served.handle(request)).toBe(handleOf(session.id));
        session['b'] = 2;
        response.end();
      },
      { id: ID },
    );
    expect(storage.fields(idOf(reply))).toEqual({ a: 1, b: 2 });
    const late = await ask((request, response) => response.end(JSON.stringify(request.session['a'])), {
      id: ID,
    });
    expect([late.text, idOf(late)]).toEqual(['1', 'none']);
  });

  it('of who signs in gets another id, or its first one', async () => {
    const first = await ask(async (request, response) => {
      await served.login(request, { user: 'ann' });
      expect(request.session['user']).toBe('ann');
      response.end();
    });
    const id = idOf(first);
    const second = await ask(
      async (request, response) => {
        await served.login(request, { user: 'bob' });
        response.end();
      },
      { id },
    );
    expect(storage.fields(idOf(second))).toEqual({ user: 'bob' });
    expect(idOf(second)).not.toBe(id);
  });

  it('of who could not be signed in holds nothing of it', async () => {
    await ask(async (request, response) => {
      storage.before = () => Promise.reject(new Error('away'));
      await expect(served.login(request, { user: 'ann' })).rejects.toThrow(ServiceUnavailableException);
      expect(request.session['user']).toBeUndefined();
      response.end();
    });
    expect(failures).toEqual([]);
  });

  it('is tried to be stored again after a save that failed, and fails the response', async () => {
    const reply = await ask(async (request, response) => {
      request.session['a'] = 1;
      storage.before = () => Promise.reject(new Error('away'));
      await expect(done((callback) => request.session.save(callback))).rejects.toThrow(
        ServiceUnavailableException,
      );
      response.end('signed in');
    });
    expect([reply.status, reply.text, storage.calls]).toEqual([503, 'failed', ['create', 'read']]);
  });

  it('whose first save was not answered is stored by the next one, if it is there or not', async () => {
    for (const isStored of [true, false]) {
      storage = new MemorySessions();
      const create = storage.create.bind(storage);
      storage.create = async (id, draft) => {
        storage.create = create;
        if (isStored) await create(id, draft);
        throw new RedisUnavailableError('default', 'The answer was lost.');
      };
      const reply = await ask(async (request, response) => {
        request.session['a'] = 1;
        await done((callback) => request.session.save(callback)).catch(() => undefined);
        request.session['b'] = 2;
        response.end();
      });
      expect([reply.status, storage.fields(idOf(reply))]).toEqual([200, { a: 1, b: 2 }]);
    }
  });

  it('gets no other id once the head of the response is gone', async () => {
    await store({ a: 1 });
    await ask(
      async (request, response) => {
        response.end('early');
        await expect(served.login(request, { user: 'ann' })).rejects.toThrow(TypeError);
        await expect(served.rotate(request, 0)).rejects.toThrow(TypeError);
        const regenerated = done((callback) => request.session.regenerate(callback));
        await expect(regenerated).rejects.toThrow(TypeError);
      },
      { id: ID },
    );
    expect([failures, storage.fields(ID)]).toEqual([[], { a: 1 }]);
  });

  it.each(['event', 'error'] as const)(
    'is saved as what it is by then, where it gets another id meanwhile (onGone: %s)',
    async (onGone) => {
      await store({ a: 1 });
      const reply = await ask(
        async (request, response) => {
          const rotated = served.rotate(request, 0);
          request.session['b'] = 2;
          await done((callback) => request.session.save(callback));
          await rotated;
          expect(storage.fields(request.session.id)).toEqual({ a: 1, b: 2 });
          response.end();
        },
        { id: ID, onGone },
      );
      expect([failures, storage.fields(idOf(reply))]).toEqual([[], { a: 1, b: 2 }]);
    },
  );

  it('is ended as what it is by then, where it gets another id meanwhile', async () => {
    await store({ a: 1 });
    const reply = await ask(
      async (request, response) => {
        const rotated = served.rotate(request, 0);
        await done((callback) => request.session.destroy(callback));
        await rotated;
        response.end();
      },
      { id: ID },
    );
    expect([failures, reply.headers['set-cookie']]).toEqual([[], undefined]);
    expect([...storage.kept.values()].filter((kept) => kept?.frozen === false)).toEqual([]);
  });

  it.each(['rotate', 'regenerate'] as const)(
    'is not taken back by a reload that began before a %s',
    async (way) => {
      await store({ a: 1 });
      const reply = await ask(
        async (request, response) => {
          const { session } = request;
          let goOn = (): void => {};
          const held = new Promise<void>((resolve) => (goOn = resolve));
          const record = await storage.read(ID);
          storage.read = () => held.then(() => record);
          const reloaded = done((callback) => session.reload(callback));
          if (way === 'rotate') await served.rotate(request, 0);
          else await done((callback) => session.regenerate(callback));
          goOn();
          await reloaded;
          request.session['user'] = 'ann';
          response.end();
        },
        { id: ID },
      );
      const fields = way === 'rotate' ? { a: 1, user: 'ann' } : { user: 'ann' };
      expect([failures, storage.fields(idOf(reply))]).toEqual([[], fields]);
    },
  );

  it('is there for who looks through an object that stands for it', async () => {
    await store({ a: 1 });
    const reply = await ask(
      async (request, response) => {
        const { session } = request;
        const proxy = new Proxy(session, {});
        const copy = Object.assign(Object.create(Object.getPrototypeOf(session)) as object, session);
        expect([proxy.id, (Object.create(session) as typeof session).id]).toEqual([ID, ID]);
        expect([Reflect.get(copy, 'id'), Reflect.get(copy, 'a')]).toEqual([undefined, 1]);
        expect(Reflect.ownKeys({ ...session })).toEqual(['cookie', 'a']);
        request.session = proxy;
        proxy['b'] = 2;
        await done((callback) => proxy.save(callback));
        response.end();
      },
      { id: ID },
    );
    expect([failures, reply.status, storage.fields(ID)]).toEqual([[], 200, { a: 1, b: 2 }]);
  });

  it('that cannot be reloaded tells when to ask again', async () => {
    await store({ a: 1 });
    const reply = await ask(
      async (request, response) => {
        storage.before = () => Promise.reject(new Error('away'));
        await done((callback) => request.session.reload(callback)).catch(() => undefined);
        response.statusCode = 503;
        response.end();
      },
      { id: ID },
    );
    expect([reply.status, reply.headers['retry-after']]).toEqual([503, '1']);
  });

  it('takes no field that has the name of a method, which nobody would read', async () => {
    for (const name of ['save', 'toString']) {
      failures = [];
      events = [];
      const reply = await ask((request, response) => {
        request.session[name] = 'mine';
        response.end('ok');
      });
      expect([reply.text, failures[0]]).toEqual(['failed', expect.any(SerializationError)]);
      expect((failures[0] as Error).message).toContain(`"${name}"`);
    }
  });

  it('is seen through an object that stands for the request', async () => {
    await store({ a: 1 });
    await ask(
      (request, response) => {
        const seen = [new Proxy(request, {}).session['a'], Object.create(request).session.id];
        response.end();
        expect(seen).toEqual([1, ID]);
      },
      { id: ID },
    );
    expect(failures).toEqual([]);
  });

  it('that could not be saved by the handler tells when to ask again', async () => {
    for (const status of [503, 200]) {
      storage = new MemorySessions();
      const reply = await ask(async (request, response) => {
        request.session['a'] = 1;
        storage.before = () => Promise.reject(new Error('away'));
        await done((callback) => request.session.save(callback)).catch(() => undefined);
        delete request.session['a'];
        response.statusCode = status;
        response.end();
      });
      expect([reply.status, reply.headers['retry-after']]).toEqual([
        status,
        status === 503 ? '1' : undefined,
      ]);
    }
  });

  it('of no data is a fault of the application', async () => {
    const reply = await ask((request, response) => {
      request.session['self'] = request.session;
      response.end('ok');
    });
    expect([reply.text, storage.calls]).toEqual(['failed', []]);
    expect(failures[0]).toBeInstanceOf(SerializationError);
    expect(events).toEqual([{ type: 'failed', handle: expect.any(String), error: failures[0] }]);
  });

  it('ends with its cookie', async () => {
    await store({ a: 1 });
    await ask(
      (request, response) => {
        request.session.cookie.maxAge = 0;
        response.end();
      },
      { id: ID },
    );
    expect(storage.fields(ID)).toBeUndefined();
  });

  it('has an idle time of its own only where somebody asks for one', async () => {
    await store({ a: 1 });
    await ask(
      (request, response) => {
        request.session['b'] = 1;
        response.end();
      },
      { id: ID },
    );
    expect(storage.kept.get(handleOf(ID))?.maxAge).toBeUndefined();
    for (const maxAge of [5_000, null]) {
      const reply = await ask(
        (request, response) => {
          request.session.cookie.maxAge = maxAge;
          response.end();
        },
        { id: ID },
      );
      expect(idOf(reply)).toBe(ID);
      expect(String(reply.headers['set-cookie']).includes('Expires')).toBe(maxAge !== null);
      expect(storage.kept.get(handleOf(ID))?.maxAge ?? null).toBe(maxAge === null ? null : maxAge);
    }
  });

  it('whose client leaves while it is stored is stored', async () => {
    let left = (): void => {};
    const gone = new Promise<void>((resolve) => (left = resolve));
    const asked = ask(async (request, response) => {
      request.session['a'] = 1;
      storage.before = async () => {
        request.socket.destroy();
        await once(response, 'close');
      };
      response.write('a');
      response.end('b');
      await once(response, 'close');
      left();
    });
    await expect(asked).rejects.toThrow();
    await gone;
    await expect.poll(() => [...storage.kept.values()].map((kept) => kept?.text)).toEqual(['{"a":1}']);
    expect(failures).toEqual([]);
  });
});
