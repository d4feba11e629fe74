import type { TokenCredential } from "@azure/identity";
import { signAssertion } from "./client_certificate.ts";
import type { Cloud } from "./cloud.ts";
import { CliCredential } from "./token_cli.ts";

/** One way to get tokens of Microsoft Entra ID. */
export interface TokenSource {
  /** For people: "the Azure CLI's login". */
  readonly label: string;
  /** Makes the SDK's credential. */
  readonly make: () => Promise<TokenCredential>;
  /** What no message may show. */
  readonly secrets?: readonly string[];
  /** Whether an endpoint that cannot be reached tells that there is no such thing on this machine. */
  readonly isLocal?: boolean;
}

/**
 * The ways to sign in for which the environment has what they need, in the order in which they are tried: managed
 * identity, workload identity, a service principal's secret, certificate or password, and last the Azure CLI's login.
 * The identity SDK is loaded when the first of them is made.
 */
export function tokenSources(
  env: (name: string) => string | undefined,
  cloud: Cloud,
): readonly TokenSource[] {
  const settings = readSettings(env);
  const options = { authorityHost: cloud.authorityHost, disableInstanceDiscovery: !cloud.isKnown };
  return [
    ...managedIdentity(settings, options),
    ...workloadIdentity(settings, options),
    ...servicePrincipal(settings, options),
    AZURE_CLI,
  ];
}

interface Settings {
  readonly defaultIdentity?: string;
  readonly tenantId?: string;
  readonly clientId?: string;
  readonly tokenFile?: string;
  readonly clientSecret?: string;
  readonly certificatePath?: string;
  readonly username?: string;
  readonly password?: string;
}

interface AuthorityOptions {
  readonly authorityHost: string;
  readonly disableInstanceDiscovery: boolean;
}

function readSettings(env: (name: string) => string | undefined): Settings {
  // An empty variable is an unset one: that is how a shell or a job's description leaves it out.
  const get = (name: string) => env(name) || undefined;
  return {
    defaultIdentity: get("DEFAULT_IDENTITY_CLIENT_ID"),
    tenantId: get("AZURE_TENANT_ID"),
    clientId: get("AZURE_CLIENT_ID"),
    tokenFile: get("AZURE_FEDERATED_TOKEN_FILE"),
    clientSecret: get("AZURE_CLIENT_SECRET"),
    certificatePath: get("AZURE_CLIENT_CERTIFICATE_PATH"),
    username: get("AZURE_USERNAME"),
    password: get("AZURE_PASSWORD"),
  };
}

function managedIdentity(settings: Settings, { authorityHost }: AuthorityOptions): TokenSource[] {
  const { defaultIdentity, clientId, tenantId, tokenFile, clientSecret, certificatePath } = settings;
  const { username, password } = settings;
  const isOthers = tenantId !== undefined &&
    (tokenFile ?? clientSecret ?? certificatePath ?? (username && password)) !== undefined;
  const [identity, variable] = defaultIdentity !== undefined
    ? [defaultIdentity, "DEFAULT_IDENTITY_CLIENT_ID"]
    : [isOthers ? undefined : clientId, "AZURE_CLIENT_ID"];
  if (identity === undefined) return [];
  return [{
    label: `the managed identity of $${variable}`,
    isLocal: true,
    make: async () => {
      const { ManagedIdentityCredential } = await import("@azure/identity");
      // It asks no authority, and yet refuses to start with one that the SDK finds wrong in the environment.
      return new ManagedIdentityCredential({ clientId: identity, authorityHost });
    },
  }];
}

function workloadIdentity(
  { tokenFile, tenantId, clientId }: Settings,
  options: AuthorityOptions,
): TokenSource[] {
  if (tokenFile === undefined || tenantId === undefined || clientId === undefined) return [];
  return [{
    label: "the workload identity of $AZURE_FEDERATED_TOKEN_FILE",
    make: async () => {
      const { WorkloadIdentityCredential } = await import("@azure/identity");
      return new WorkloadIdentityCredential({ tenantId, clientId, tokenFilePath: tokenFile, ...options });
    },
  }];
}

function servicePrincipal(settings: Settings, options: AuthorityOptions): TokenSource[] {
  const { tenantId, clientId, clientSecret, certificatePath, username, password } = settings;
  if (tenantId === undefined || clientId === undefined) return [];
  if (clientSecret !== undefined) {
    return [{
      label: "the client secret of $AZURE_CLIENT_SECRET",
      secrets: [clientSecret],
      make: async () => {
        const { ClientSecretCredential } = await import("@azure/identity");
        return new ClientSecretCredential(tenantId, clientId, clientSecret, options);
      },
    }];
  }
  if (certificatePath !== undefined) {
    return [{
      label: "the certificate of $AZURE_CLIENT_CERTIFICATE_PATH",
      make: async () => {
        const { ClientAssertionCredential } = await import("@azure/identity");
        const sign = () =>
          signAssertion({ certificatePath, tenantId, clientId, authorityHost: options.authorityHost });
        return new ClientAssertionCredential(tenantId, clientId, sign, options);
      },
    }];
  }
  if (username === undefined || password === undefined) return [];
  return [{
    label: "the password of $AZURE_PASSWORD",
    secrets: [password],
    make: async () => {
      const { UsernamePasswordCredential } = await import("@azure/identity");
      return new UsernamePasswordCredential(tenantId, clientId, username, password, options);
    },
  }];
}

const AZURE_CLI: TokenSource = {
  label: "the Azure CLI's login",
  make: () => Promise.resolve(new CliCredential()),
};
