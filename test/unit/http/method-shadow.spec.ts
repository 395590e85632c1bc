import { describe, expect, it } from 'vitest';
import { shadowMethod } from '../../../src/http/platform/method-shadow.js';

class Response {
  readonly sent: unknown[] = [];

  send(body: unknown) {
    this.sent.push(body);
    return this;
  }
}

describe('shadowMethod', () => {
  it('stands in once, and the method of the prototype is back before it runs', () => {
    const response = new Response();
    shadowMethod(response, 'send', (send, [body]) => {
      expect(Object.hasOwn(response, 'send')).toBe(false);
      return send(`<${String(body)}>`);
    });
    expect(response.send('a')).toBe(response);
    response.send('b');
    expect(response.sent).toEqual(['<a>', 'b']);
  });

  it('can be taken back', () => {
    const response = new Response();
    const restore = shadowMethod(response, 'send', () => expect.fail());
    restore();
    restore();
    response.send('a');
    expect(response.sent).toEqual(['a']);
  });

  it('puts back a method that the object had of its own', () => {
    const response = new Response();
    const own = function (this: Response, body: unknown) {
      return Response.prototype.send.call(this, `own ${String(body)}`);
    };
    response.send = own;
    shadowMethod(response, 'send', (send, args) => send(...args));
    response.send('a');
    expect(response.send).toBe(own);
    expect(response.sent).toEqual(['own a']);
  });

  it('leaves a method alone that was put over it, and is still called through it once', () => {
    const response = new Response();
    const stood: unknown[] = [];
    shadowMethod(response, 'send', (send, args) => {
      stood.push(args[0]);
      return send(...args);
    });
    const inner = response.send.bind(response);
    const later = (body: unknown) => inner(`later ${String(body)}`);
    response.send = later;
    response.send('a');
    response.send('b');
    expect(response.send).toBe(later);
    expect(stood).toEqual(['later a']);
    expect(response.sent).toEqual(['later a', 'later b']);
  });
});
