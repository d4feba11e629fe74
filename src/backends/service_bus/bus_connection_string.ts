import { UsageError } from "../../core/errors.ts";
import { connectionFields } from "../azure/connection_string.ts";
import { type BusHost, hostOfUrl, isName, serviceName, withoutPort } from "./bus_host.ts";
import { readBusSas } from "./bus_sas.ts";

/** How a connection string of Service Bus is read. */
export interface BusConnectionContext {
  /** Of the address, which has to be the string's. */
  readonly namespace: string;
  /** Of the address. */
  readonly queue: string;
  /** Where it was found: "the connection string of --conn-str". */
  readonly label: string;
  /** Of `--endpoint`, which goes before the string's. */
  readonly given: BusHost | undefined;
  /** Ms since the epoch. */
  readonly now: number;
}

/** A login that is in one's hands. */
export type SecretLogin =
  /** A connection string as the SDK takes it, with the host in it. */
  | { readonly kind: "connection-string"; readonly text: string }
  /** With its leading `SharedAccessSignature`. */
  | { readonly kind: "sas"; readonly sas: string };

/** Where a connection string leads, and what signs in there. */
export interface BusConnectionPlace extends BusHost {
  readonly login: SecretLogin;
  /** Whether the login is the key of an emulator, which is public. */
  readonly isPublic: boolean;
}

/**
 * What people call an emulator's namespace: this machine, or the name in its settings.
 * Source: "Test locally by using the Azure Service Bus emulator".
 */
const EMULATORS: ReadonlySet<string> = new Set(["localhost", "127.0.0.1", "sbemulatorns"]);
const EMULATOR_PORT = 5672;

type Field = (name: string) => string | undefined;
type Refuse = (reason: string, hint?: string) => UsageError;

/**
 * Reads a connection string of Service Bus; no error shows any of its values but the names of a namespace and a queue.
 *
 * @throws {UsageError} when it cannot be used for the address, {AccessDeniedError} when its SAS has expired
 */
export function readBusConnectionString(text: string, context: BusConnectionContext): BusConnectionPlace {
  const { namespace, label, given } = context;
  const refuse: Refuse = (
    reason,
    hint = "copy it again from the namespace's shared access policies, in quotes",
  ) => new UsageError(`Cannot sign in to "${namespace}": ${label} ${reason}`, { hint });
  const fields = connectionFields(text);
  if (fields === undefined) {
    throw refuse("is malformed: it is not a list of NAME=VALUE, separated by semicolons");
  }
  const field = (name: string) => fields.get(name.toLowerCase()) || undefined;
  if (["AccountName", "AccountKey", "QueueEndpoint", "UseDevelopmentStorage"].some(field)) {
    const hint = "give one of a Service Bus namespace, or use the address ACCOUNT/QUEUE";
    throw refuse("is one of a storage account", hint);
  }
  const endpoint = field("Endpoint");
  if (endpoint === undefined) throw refuse("lacks Endpoint");
  const place = hostOfUrl(endpoint);
  if (place === undefined) throw refuse("has an Endpoint that is no sb:// URL of a namespace");
  const isEmulator = field("UseDevelopmentEmulator")?.toLowerCase() === "true";
  checkAddress({ host: place.host, isEmulator, entity: field("EntityPath") }, context, refuse);
  const { host } = given ?? place;
  const isPlain = given?.isPlain ?? isEmulator;
  return { host, isPlain, ...readLogin(field, { ...context, host, isPlain, isEmulator }, refuse) };
}

/** @throws {UsageError} when a string is for something else than the address */
function checkAddress(
  { host, isEmulator, entity }: { host: string; isEmulator: boolean; entity: string | undefined },
  { namespace, queue }: BusConnectionContext,
  refuse: Refuse,
): void {
  const own = namespace.toLowerCase();
  const names = [host, withoutPort(host), `${host}:${EMULATOR_PORT}`];
  const isOwn = names.includes(own) || (isEmulator && EMULATORS.has(own)) ||
    (isName(own) && host.startsWith(`${own}.`));
  if (!isOwn) {
    const other = isName(own) ? serviceName(host) ?? host : host;
    throw refuse(
      `is of the namespace "${other}"`,
      `use the address sb://${other}/QUEUE, or give the connection string of ${namespace}`,
    );
  }
  if (entity !== undefined && entity.toLowerCase() !== queue.toLowerCase()) {
    throw refuse(
      `is of the queue "${entity}"`,
      `use the address sb://${namespace}/${entity}, or give the connection string of the namespace or of ${queue}`,
    );
  }
}

interface LoginContext extends BusConnectionContext {
  readonly host: string;
  readonly isPlain: boolean;
  readonly isEmulator: boolean;
}

function readLogin(
  field: Field,
  { host, isPlain, isEmulator, ...context }: LoginContext,
  refuse: Refuse,
): Pick<BusConnectionPlace, "login" | "isPublic"> {
  const [name, key] = [field("SharedAccessKeyName"), field("SharedAccessKey")];
  const sas = field("SharedAccessSignature");
  if (sas !== undefined) {
    if (key !== undefined) throw refuse("has both SharedAccessKey and SharedAccessSignature");
    const login = {
      kind: "sas",
      sas: readBusSas(sas, { ...context, label: `the SAS in ${context.label}` }),
    } as const;
    return { login, isPublic: false };
  }
  if (key === undefined) throw refuse("lacks SharedAccessKey or SharedAccessSignature");
  if (name === undefined) throw refuse("lacks SharedAccessKeyName");
  if (/[\s"']/.test(key)) throw refuse("has a SharedAccessKey with spaces or quotes in it");
  // As the SDK reads it, which minds the case of the names.
  const text = `Endpoint=sb://${host}/;SharedAccessKeyName=${name};SharedAccessKey=${key}` +
    (isPlain ? ";UseDevelopmentEmulator=true" : "");
  return { login: { kind: "connection-string", text }, isPublic: isEmulator };
}
