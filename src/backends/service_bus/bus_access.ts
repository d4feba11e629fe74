import type { TokenCredential } from "@azure/identity";
import { systemClock } from "../../core/clock.ts";
import { UsageError } from "../../core/errors.ts";
import { cloudOf } from "../azure/cloud.ts";
import { isLoopback } from "../azure/service_url.ts";
import type { Surroundings } from "../azure/storage_access.ts";
import { TokenLogin } from "../azure/token_login.ts";
import { readBusConnectionString, type SecretLogin } from "./bus_connection_string.ts";
import { type BusHost, hostOfEndpoint, hostOfNamespace, isIpAddress } from "./bus_host.ts";
import { assertQueueName } from "./bus_queue_name.ts";
import { readBusSas } from "./bus_sas.ts";

export { assertQueueName };

/** How a namespace is spoken to: AMQP on a port of its own, or inside WebSockets on that of HTTPS. */
export type Transport = "amqp" | "ws";

/** What the command line says about a Service Bus namespace. */
export interface BusOptions {
  /** Of the address: "myns", or a host with or without a port. */
  readonly namespace: string;
  /** Of the address. */
  readonly queue: string;
  /** `--conn-str` */
  readonly connectionString?: string;
  /** `--sas`, with or without its leading `SharedAccessSignature`. */
  readonly sas?: string;
  /** `--endpoint`: a DNS suffix, or the host or URL of the namespace. It goes before what a connection string says. */
  readonly endpoint?: string;
  /** `--transport` */
  readonly transport?: Transport;
}

/** What signs in to a namespace: plain data, since each of the SDK's clients takes it in its own way. */
export type BusLogin = SecretLogin | { readonly kind: "token"; readonly credential: TokenCredential };

/** Where a namespace is, and what signs in to it. */
export interface BusAccess {
  /** `HOST` or `HOST:PORT`. */
  readonly host: string;
  /** As asked for; undefined: amqp, and ws where that cannot be reached. The emulator has amqp only. */
  readonly transport: Transport | undefined;
  /** Whether connections are not encrypted, as those to the emulator. */
  readonly isEmulator: boolean;
  readonly login: BusLogin;
  /** How it was got: "the connection string of --conn-str", "the Azure CLI's login". Holds no secret. */
  readonly label: string;
}

/**
 * Finds the way into a Service Bus namespace: a connection string or a SAS of the command line, the connection string of
 * `JOBQ_CONNECTION_STRING`, then tokens of Microsoft Entra ID. No request is made: tokens are got when the first is
 * needed.
 *
 * @throws {UsageError} for what cannot be used, {AccessDeniedError} for a SAS that has expired
 */
export function resolveBusAccess(options: BusOptions, surroundings: Surroundings): BusAccess {
  const { namespace, queue, transport } = options;
  const { env, log, clock = systemClock } = surroundings;
  assertQueueName(queue, `sb://${namespace}/${queue}`);
  const own: BusHost = { host: hostOfNamespace(namespace, cloudOf(env).serviceBusSuffix) };
  const given = options.endpoint === undefined ? undefined : hostOfEndpoint(options.endpoint, namespace);
  const found = findSecret(options, env);
  if (found === undefined) {
    const { host, isPlain } = given ?? own;
    const credential = new TokenLogin({ name: host, env, log, clock });
    const login = { kind: "token", credential } as const;
    checkPlace({ host, isPlain, login }, options);
    return {
      host,
      transport,
      isEmulator: false,
      login,
      get label() {
        return credential.label;
      },
    };
  }
  const { label } = found;
  const place = readSecret(found, { namespace, queue, label, own, given, now: clock.now() });
  checkPlace(place, options);
  const { host, isPlain: isEmulator = false, login } = place;
  log.info(`signed in to ${host} with ${label}`);
  // The emulator has no WebSockets: trying them would only hide why AMQP failed.
  return { host, transport: isEmulator ? "amqp" : transport, isEmulator, login, label };
}

interface FoundSecret {
  readonly kind: "connection-string" | "sas";
  readonly text: string;
  readonly label: string;
}

function findSecret(options: BusOptions, env: Surroundings["env"]): FoundSecret | undefined {
  const places: readonly [FoundSecret["kind"], string | undefined, string][] = [
    ["connection-string", options.connectionString, "the connection string of --conn-str"],
    ["sas", options.sas, "the SAS of --sas"],
    ["connection-string", env("JOBQ_CONNECTION_STRING"), "the connection string of $JOBQ_CONNECTION_STRING"],
  ];
  for (const [kind, text, label] of places) if (text) return { kind, text, label };
  return undefined;
}

interface Place extends BusHost {
  readonly login: BusLogin;
  /** Whether a connection string says that it is the emulator, whose keys are public. */
  readonly isPublic?: boolean;
}

interface SecretContext {
  readonly namespace: string;
  readonly queue: string;
  readonly label: string;
  /** Of the address. */
  readonly own: BusHost;
  /** Of `--endpoint`. */
  readonly given: BusHost | undefined;
  /** Ms since the epoch. */
  readonly now: number;
}

function readSecret({ kind, text }: FoundSecret, context: SecretContext): Place {
  switch (kind) {
    case "connection-string":
      return readBusConnectionString(text, context);
    case "sas":
      return { ...(context.given ?? context.own), login: { kind: "sas", sas: readBusSas(text, context) } };
    default:
      return kind satisfies never;
  }
}

/** @throws {UsageError} for a place at which the login cannot be used, or would not stay a secret */
function checkPlace(
  { host, isPlain = false, isPublic = false, login }: Place,
  { namespace, transport }: BusOptions,
): void {
  const refuse = (action: string, reason: string, hint: string) => {
    throw new UsageError(`Cannot ${action} "${namespace}": ${reason}`, { hint });
  };
  if (!isPlain) {
    if (!isIpAddress(host)) return;
    refuse(
      "use",
      "an encrypted connection needs the name of a host, not an IP address",
      "for an emulator, give its connection string, with UseDevelopmentEmulator=true",
    );
  }
  // Of a key, too, what is sent opens the namespace: a token that it signs, good for an hour.
  if (!isPublic && !(login.kind !== "token" && isLoopback(`http://${host}`))) {
    const what = { "connection-string": "what a key signs", sas: "a SAS", token: "a token" }[login.kind];
    refuse(
      "sign in to",
      `${what} is not sent over http, where others can read it`,
      "use an https or sb endpoint; for an emulator, a connection string with a key and UseDevelopmentEmulator=true",
    );
  }
  if (transport === "ws") {
    refuse("use --transport ws for", "an emulator speaks AMQP only", "leave --transport away");
  }
}
