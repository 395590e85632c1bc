import { ExpressAdapter } from '@nestjs/platform-express';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { createServer, Http2ServerRequest, Http2ServerResponse } from 'node:http2';

/** Express stands on HTTP/1; an application that puts it on HTTP/2 grafts its methods on Node's classes for that. */
class Http2ExpressAdapter extends ExpressAdapter {
  override initHttpServer(): void {
    const app = this.getInstance<{ readonly request: object; readonly response: object }>();
    const graft = (own: object, onto: object): object => {
      const methods = Object.getPrototypeOf(own) as object;
      const root = { value: app, configurable: true, enumerable: true, writable: true };
      return Object.create(onto, { ...Object.getOwnPropertyDescriptors(methods), app: root }) as object;
    };
    Object.assign(app, {
      request: graft(app.request, Http2ServerRequest.prototype as object),
      response: graft(app.response, Http2ServerResponse.prototype as object),
    });
    Object.assign(this, { httpServer: createServer(app as never) });
  }
}

/** Makes the adapters of applications on HTTP/2. */
export const http2Adapters = {
  // The types of the adapter's options are those of HTTP/1.
  fastify: () => new FastifyAdapter({ http2: true } as never),
  express: () => new Http2ExpressAdapter(),
};
