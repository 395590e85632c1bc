import {
  HttpException,
  Inject,
  Injectable,
  Optional,
  RequestTimeoutException,
  Scope,
  type CallHandler,
  type ExecutionContext,
  type NestInterceptor,
} from '@nestjs/common';
import { REQUEST } from '@nestjs/core';
import { TimeoutError, catchError, filter, map, of, tap, throwError, timeout } from 'rxjs';
import type { AnyRequest, AnyResponse } from '../routes.js';

/** What interceptors and handlers have done since `reset`. */
class Done {
  runs = 0;
  made = 0;
  readonly log: string[] = [];

  reset(): void {
    this.runs = 0;
    this.made = 0;
    this.log.length = 0;
  }
}

export const done = new Done();

/** Writes down what it sees. */
@Injectable()
export class Logging implements NestInterceptor {
  intercept(context: ExecutionContext, next: CallHandler) {
    done.log.push(`before ${context.getHandler().name}`);
    return next.handle().pipe(tap((value) => done.log.push(`after ${JSON.stringify(value)}`)));
  }
}

/** Puts every value into an object. */
@Injectable()
export class Envelope implements NestInterceptor {
  intercept(_context: ExecutionContext, next: CallHandler) {
    return next.handle().pipe(map((data: unknown) => ({ data })));
  }
}

/** Lets even numbers pass. */
@Injectable()
export class Even implements NestInterceptor {
  intercept(_context: ExecutionContext, next: CallHandler) {
    return next.handle().pipe(filter((value: unknown) => Number(value) % 2 === 0));
  }
}

/** Sets fields and a status, before and after the handler. */
@Injectable()
export class Marking implements NestInterceptor {
  intercept(context: ExecutionContext, next: CallHandler) {
    const response = context.switchToHttp().getResponse<AnyResponse>();
    response.header('X-Early', 'early');
    return next.handle().pipe(
      tap(() => {
        response.header('X-Late', `late ${done.runs}`);
        response.status(203);
      }),
    );
  }
}

/** Waits no longer than 50 ms for a value. */
@Injectable()
export class Impatient implements NestInterceptor {
  intercept(_context: ExecutionContext, next: CallHandler) {
    return next.handle().pipe(
      timeout(50),
      catchError((error: unknown) =>
        throwError(() => (error instanceof TimeoutError ? new RequestTimeoutException('too late') : error)),
      ),
    );
  }
}

/** Gives what it likes in the place of an error. */
@Injectable()
export class Forgiving implements NestInterceptor {
  intercept(_context: ExecutionContext, next: CallHandler) {
    return next.handle().pipe(catchError(() => of({ instead: (done.runs += 1) })));
  }
}

/** Throws an error of its own in the place of another. */
@Injectable()
export class Translating implements NestInterceptor {
  intercept(_context: ExecutionContext, next: CallHandler) {
    return next
      .handle()
      .pipe(
        catchError((error: unknown) =>
          throwError(() => new HttpException(`translated ${String(error)}`, 502)),
        ),
      );
  }
}

/** Answers in the place of the handler. */
@Injectable()
export class Answering implements NestInterceptor {
  intercept() {
    return of({ answered: (done.runs += 1) });
  }
}

/** Numbers its instances. */
@Injectable({ scope: Scope.REQUEST })
export class PerRequest implements NestInterceptor {
  readonly #number = (done.made += 1);

  constructor(@Optional() @Inject(REQUEST) readonly request?: AnyRequest) {}

  intercept(_context: ExecutionContext, next: CallHandler) {
    return next.handle().pipe(map((data: unknown) => ({ data, made: this.#number })));
  }
}

/** Shows to each visitor what is his own. */
@Injectable({ scope: Scope.REQUEST })
export class Personal implements NestInterceptor {
  constructor(@Inject(REQUEST) readonly request: AnyRequest) {}

  intercept(_context: ExecutionContext, next: CallHandler) {
    return next
      .handle()
      .pipe(map((data: unknown) => ({ data, theme: this.request.headers.cookie ?? 'no cookie' })));
  }
}
