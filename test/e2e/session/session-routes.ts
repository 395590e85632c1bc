import { Controller, Get, Session, type Type } from '@nestjs/common';
import type { IncomingMessage, ServerResponse } from 'node:http';

/** A request or response of either platform. */
export interface AnyRequest {
  readonly raw?: IncomingMessage & { session: AnySession };
  readonly query: Readonly<Record<string, string>>;
  session: AnySession;
  sessionID?: string;
  sessionStore?: unknown;
  user?: unknown;
}

export interface AnySession extends Record<string, unknown> {
  readonly id: string;
  cookie: { maxAge: number | null; originalMaxAge: number | null };
  save(callback?: (error?: unknown) => void): void;
  reload(callback: (error?: unknown) => void): void;
  regenerate(callback: (error?: unknown) => void): void;
  destroy(callback?: (error?: unknown) => void): void;
}

export type AnyResponse = ServerResponse & {
  readonly raw?: ServerResponse;
  header(name: string, value: string): unknown;
  send(body?: unknown): unknown;
};

/** Waits for a method of a session that takes a callback. */
export function done(start: (callback: (error?: unknown) => void) => unknown): Promise<void> {
  return new Promise((resolve, reject) => {
    start((error) => (error instanceof Error ? reject(error) : resolve()));
  });
}

/** Node's response of either platform's. */
export function rawOf(response: AnyResponse): ServerResponse {
  return response.raw ?? response;
}

/** Routes that set and show fields. */
export function basicRoutes(): Type {
  @Controller()
  class BasicRoutes {
    @Get('plain')
    plain() {
      return { plain: true };
    }

    @Get('set')
    set(@Session() session: AnySession) {
      session['a'] = 1;
      return { set: true };
    }

    @Get('show')
    show(@Session() session: AnySession) {
      return { ...session, cookie: undefined };
    }
  }
  return BasicRoutes;
}
