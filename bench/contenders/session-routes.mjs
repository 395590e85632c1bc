import { Controller, Get, Query, Req, Session } from '@nestjs/common';
import { calledBack } from './called-back.mjs';
import { decorate } from './decorate.mjs';
import { makeGate } from './gate.mjs';
import { newSession } from './session-stores.mjs';

/** How much a session holds, in bytes. */
const BYTES = 1_024;

/**
 * The controllers of an application with sessions. All routes are called by GET, so that the load stays simple:
 *
 * `/session/begin` makes a session of 1 KB, `/session` reads it, `/session/view` changes it, `/session/login` signs another user
 * in under a new id, `/session/end` ends it, `/session/fields` names its fields. `/session/look` waits at the gate,
 * `/session/note?field=` waits there before it sets a field. `/gate?count=` answers when so many wait there, `/gate/open` lets them
 * go on.
 *
 * @param {boolean} withSessions without them `/session` answers as if there were one
 * @returns {(new () => object)[]}
 */
export function sessionControllers(withSessions) {
  const gate = makeGate();
  return [sessionController(gate, withSessions), gateController(gate)];
}

/**
 * @param {ReturnType<typeof makeGate>} gate
 * @param {boolean} withSessions
 */
function sessionController(gate, withSessions) {
  class SessionController {
    begin(/** @type {any} */ session) {
      const { user, views, profile } = newSession('user-1', BYTES);
      Object.assign(session, { user, views, profile });
      return {};
    }
    read(/** @type {any} */ session) {
      const { user, views } = withSessions ? session : { user: 'user-1', views: 0 };
      return { user, views };
    }
    view(/** @type {any} */ session) {
      session.views += 1;
      return { views: session.views };
    }
    async login(/** @type {any} */ request) {
      await calledBack((callback) => request.session.regenerate(callback));
      request.session.user = 'user-2';
      return {};
    }
    async end(/** @type {any} */ session) {
      await calledBack((callback) => session.destroy(callback));
      return {};
    }
    fields(/** @type {any} */ session) {
      return Object.keys(session);
    }
    async look() {
      await gate.pass();
      return {};
    }
    async note(/** @type {any} */ session, /** @type {string} */ field) {
      await gate.pass();
      session[field] = true;
      return {};
    }
  }
  decorate(SessionController, 'begin', [Get('begin')], [Session()]);
  decorate(SessionController, 'read', [Get()], [Session()]);
  decorate(SessionController, 'view', [Get('view')], [Session()]);
  decorate(SessionController, 'login', [Get('login')], [Req()]);
  decorate(SessionController, 'end', [Get('end')], [Session()]);
  decorate(SessionController, 'fields', [Get('fields')], [Session()]);
  decorate(SessionController, 'look', [Get('look')]);
  decorate(SessionController, 'note', [Get('note')], [Session(), Query('field')]);
  Controller('session')(SessionController);
  return SessionController;
}

/** @param {ReturnType<typeof makeGate>} gate */
function gateController(gate) {
  class GateController {
    async waiting(/** @type {string} */ count) {
      await gate.waiting(Number(count));
      return {};
    }
    open() {
      gate.open();
      return {};
    }
  }
  decorate(GateController, 'waiting', [Get()], [Query('count')]);
  decorate(GateController, 'open', [Get('open')]);
  Controller('gate')(GateController);
  return GateController;
}
