/** A method that answers with a promise. */
type Method<This, Args extends unknown[], Answer> = (this: This, ...args: Args) => Promise<Answer>;

/**
 * What the SDK begins on a connection goes through here. It sets a timer for each thing it begins, which only the answer
 * ends, or the break of the connection: so on a connection that is over, nothing may be begun.
 */
export class Gate {
  readonly #end = Promise.withResolvers<void>();
  #shut: { readonly reason: unknown } | undefined;

  get isShut(): boolean {
    return this.#shut !== undefined;
  }

  /** From now on all that is begun fails with this reason. The first one counts. */
  shut(reason: unknown): void {
    this.#shut ??= { reason };
  }

  /** Ends the goodbyes that are still waited for. */
  end(): void {
    this.#end.resolve();
  }

  /** @throws the reason for which it is shut */
  pass(): void {
    if (this.#shut !== undefined) throw this.#shut.reason;
  }

  /** The method, which is not even begun when the gate is shut. @param onAnswer sees what it answers with before others do */
  before<This, Args extends unknown[], Answer>(
    method: Method<This, Args, Answer>,
    onAnswer?: (answer: Answer) => void,
  ): Method<This, Args, Answer> {
    const pass = () => this.pass();
    return async function (...args) {
      pass();
      const answer = await method.apply(this, args);
      onAnswer?.(answer);
      return answer;
    };
  }

  /** The method, which is waited for no longer than until the end. */
  untilEnd<This, Args extends unknown[]>(method: Method<This, Args, void>): Method<This, Args, void> {
    const end = this.#end.promise;
    return function (...args) {
      return Promise.race([method.apply(this, args), end]);
    };
  }
}
