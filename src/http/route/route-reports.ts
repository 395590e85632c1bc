import { Logger } from '@nestjs/common';
import type { RoutePlan } from './route-plan.js';

/** Reasons that are told of one route: from then on it says nothing new. */
const MOST_REASONS = 16;

/** Says in the log, once per route and reason, why responses are not cached. */
export class RouteReports {
  readonly #logger = new Logger('ResponseCache');
  readonly #told = new WeakMap<RoutePlan, Set<string>>();

  /** A function of the application has thrown. */
  failed(plan: RoutePlan, error: unknown): void {
    if (this.#isNew(plan, 'failed')) this.#logger.error(`${plan.name} is not cached: ${String(error)}`);
  }

  /** A response was not stored. */
  refused(plan: RoutePlan, reason: string): void {
    if (!this.#isNew(plan, reason)) return;
    this.#logger.log(`A response of ${plan.name} was not stored: ${reason}.`);
  }

  /** A handler has read what is not part of the key, and its response is stored all the same. */
  unkeyed(plan: RoutePlan, read: string): void {
    if (!this.#isNew(plan, read)) return;
    this.#logger.warn(
      `${plan.name} reads ${read}, which is not part of the key: everybody may get what one request made. Put it into response.vary, or do not read it.`,
    );
  }

  #isNew(plan: RoutePlan, what: string): boolean {
    let told = this.#told.get(plan);
    if (told === undefined) this.#told.set(plan, (told = new Set()));
    if (told.has(what) || told.size >= MOST_REASONS) return false;
    told.add(what);
    return true;
  }
}
