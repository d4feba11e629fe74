/** Why a service refuses, and what to do about it. */
export interface Denial {
  readonly reason: string;
  readonly hint: string;
}

/** The two services of a storage account that jobq uses. */
export type StorageService = "queue" | "blob";

const ROLES: Readonly<Record<StorageService, string>> = {
  queue: "Storage Queue Data Contributor",
  blob: "Storage Blob Data Contributor",
};
const SAS_HINTS: Readonly<Record<StorageService, string>> = {
  queue:
    "make one that allows the queue service, its objects, and to read, add, update, process, create and delete",
  blob: "make one that allows the blob service, its objects, and to read, write, create and delete",
};

/**
 * What the codes of a 401 and a 403 mean.
 * Source: "Common REST API error codes" of the Azure Storage services.
 */
export function denialOf(code: string | undefined, service: StorageService): Denial {
  const role = ROLES[service];
  switch (code) {
    case "AuthenticationFailed":
      return {
        reason: "the service does not accept the credentials",
        hint: "the key is wrong, the SAS is expired or cut short, or this machine's clock is wrong",
      };
    case "InvalidAuthenticationInfo":
    case "NoAuthenticationInformation":
    case "Unauthorized":
      return {
        reason: "the service does not accept the credentials",
        hint: 'sign in again with "az login", to the tenant and the cloud of the account',
      };
    case "AuthorizationPermissionMismatch":
      return {
        reason: "the credentials do not allow it",
        hint:
          `assign the role "${role}" on the account (it takes some minutes to work), or make a SAS that allows more`,
      };
    case "InsufficientAccountPermissions":
      return {
        reason: "the credentials do not allow it",
        hint: `assign the role "${role}" on the account, or make a SAS that allows more`,
      };
    case "AuthorizationFailure":
      return {
        reason: "the account's network rules or the role do not allow it",
        hint: `let this machine's address through the account's firewall, and assign the role "${role}"`,
      };
    case "AuthorizationSourceIPMismatch":
      return {
        reason: "the SAS does not allow this machine's address",
        hint: "make one without an address range",
      };
    case "AuthorizationProtocolMismatch":
      return { reason: "the SAS does not allow this protocol", hint: "use https in the endpoint" };
    case "AuthorizationResourceTypeMismatch":
    case "AuthorizationServiceMismatch":
      return { reason: "the SAS is for something else", hint: SAS_HINTS[service] };
    case "KeyBasedAuthenticationNotPermitted":
      return {
        reason: "the account takes no keys, nor what is signed with them",
        hint:
          `sign in with "az login" and assign the role "${role}", without a key, a SAS or a connection string`,
      };
    case "AccountIsDisabled":
      return { reason: "the account is disabled", hint: "look at its subscription in the Azure portal" };
    default:
      return {
        reason: code === undefined ? "the service refuses it" : `the service refuses it (${code})`,
        hint: `look at the credentials, the role "${role}" and the account's network rules`,
      };
  }
}
