import type { TokenCredential } from "@azure/identity";
import { type Clock, systemClock } from "../../core/clock.ts";
import { UsageError } from "../../core/errors.ts";
import type { Logger } from "../../log/logger.ts";
import { cloudOf } from "./cloud.ts";
import { isBase64, readConnectionString } from "./connection_string.ts";
import { readSas } from "./sas.ts";
import { isEncrypted, isLoopback, type ServiceUrls, urlsOfEndpoint, urlsUnder } from "./service_url.ts";
import { TokenLogin } from "./token_login.ts";

/** What the command line says about an Azure Storage account. */
export interface StorageOptions {
  /** The account of the address. */
  readonly account: string;
  /** `--conn-str` */
  readonly connectionString?: string;
  /** `--sas`, with or without its leading `?`. */
  readonly sas?: string;
  /** `--endpoint`: a DNS suffix, or the URL of the queue service. It goes before what a connection string says. */
  readonly endpoint?: string;
}

/** What the resolution of credentials takes from around it. */
export interface Surroundings {
  /** Looks up an environment variable. */
  readonly env: (name: string) => string | undefined;
  /** Told once, at info level, what was taken: at once for keys, with the first token for tokens. */
  readonly log: Logger;
  /** Default: the machine's. */
  readonly clock?: Clock;
}

/** What a request to the account carries: plain data, since each SDK has classes of its own for it. */
export type StorageLogin =
  | { readonly kind: "key"; readonly account: string; readonly key: string }
  | { readonly kind: "sas"; readonly sas: string }
  | { readonly kind: "token"; readonly credential: TokenCredential };

/** Where an account's services are, and what their requests carry. */
export interface StorageAccess extends ServiceUrls {
  readonly account: string;
  readonly login: StorageLogin;
  /** How it was got: "the connection string of --conn-str", "the Azure CLI's login". Holds no secret. */
  readonly label: string;
}

/**
 * Finds the way into a storage account: a connection string or a SAS of the command line, then of the environment
 * (`JOBQ_CONNECTION_STRING`, `AZURE_STORAGE_SAS_TOKEN`, `AZURE_STORAGE_KEY`), then tokens of Microsoft Entra ID. No
 * request is made: tokens are got when the first is needed.
 *
 * @throws {UsageError} for what cannot be used, {AccessDeniedError} for a SAS that has expired
 */
export function resolveStorageAccess(options: StorageOptions, surroundings: Surroundings): StorageAccess {
  const { account, endpoint } = options;
  const { env, log, clock = systemClock } = surroundings;
  const suffix = cloudOf(env).storageSuffix;
  const given = endpoint === undefined ? undefined : urlsOfEndpoint(endpoint, account);
  const urls = given ?? urlsUnder(suffix, account);
  const found = findSecret(options, env);
  if (found === undefined) {
    const credential = new TokenLogin({ name: account, env, log, clock });
    return checkEncryption({
      ...urls,
      account,
      login: { kind: "token", credential },
      get label() {
        return credential.label;
      },
    });
  }
  const { label } = found;
  const read = readSecret(found, { account, suffix, now: clock.now() });
  const access = checkEncryption({ ...urls, account, label, ...read, ...given });
  log.info(`signed in to ${account} with ${label}`);
  return access;
}

interface FoundSecret {
  readonly kind: "connection-string" | "sas" | "key";
  readonly text: string;
  readonly label: string;
}

function findSecret(options: StorageOptions, env: Surroundings["env"]): FoundSecret | undefined {
  // The Azure CLI's variables go together: a key of another account opens nothing here, and a SAS is not for others.
  const own = (name: string) =>
    (env("AZURE_STORAGE_ACCOUNT") || options.account) === options.account ? env(name) : undefined;
  const places: readonly [FoundSecret["kind"], string | undefined, string][] = [
    ["connection-string", options.connectionString, "the connection string of --conn-str"],
    ["sas", options.sas, "the SAS of --sas"],
    ["connection-string", env("JOBQ_CONNECTION_STRING"), "the connection string of $JOBQ_CONNECTION_STRING"],
    ["sas", own("AZURE_STORAGE_SAS_TOKEN"), "the SAS of $AZURE_STORAGE_SAS_TOKEN"],
    ["key", own("AZURE_STORAGE_KEY"), "the account key of $AZURE_STORAGE_KEY"],
  ];
  for (const [kind, text, label] of places) if (text) return { kind, text, label };
  return undefined;
}

/** The login that a secret gives, and where a connection string says so, the services' places. */
function readSecret(
  { kind, text, label }: FoundSecret,
  context: { readonly account: string; readonly suffix: string; readonly now: number },
): { readonly login: StorageLogin } & Partial<ServiceUrls> {
  switch (kind) {
    case "connection-string":
      return readConnectionString(text, { ...context, label });
    case "sas":
      return { login: { kind: "sas", sas: readSas(text, { ...context, label }) } };
    case "key":
      return { login: { kind: "key", account: context.account, key: readKey(text, { ...context, label }) } };
    default:
      return kind satisfies never;
  }
}

function readKey(text: string, { account, label }: { account: string; label: string }): string {
  const key = text.trim();
  if (isBase64(key)) return key;
  throw new UsageError(`Cannot sign in to "${account}": ${label} is not base64`, {
    hint: `copy it again: az storage account keys list --account-name ${account}`,
  });
}

/** A key only signs; a SAS and a token are sent, and whoever reads them can use them. */
function checkEncryption(access: StorageAccess): StorageAccess {
  const { account, login, queueUrl, blobUrl = queueUrl } = access;
  const isSafe = (url: string) => isEncrypted(url) || (login.kind === "sas" && isLoopback(url));
  if (login.kind === "key" || [queueUrl, blobUrl].every(isSafe)) return access;
  const what = login.kind === "sas" ? "a SAS" : "a token";
  throw new UsageError(
    `Cannot sign in to "${account}": ${what} is not sent over http, where others can read it`,
    {
      hint: "use an https endpoint; for the emulator on this machine, --conn-str UseDevelopmentStorage=true",
    },
  );
}
