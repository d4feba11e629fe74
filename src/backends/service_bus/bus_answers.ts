import type { FailedCall } from "../azure/failed_call.ts";
import { firstLine } from "../azure/redact.ts";
import { busCode } from "./bus_code.ts";
import { busDenial } from "./bus_denial.ts";
import type { Judgement } from "./bus_judgement.ts";

/** What the service's answer means, or what else the SDK threw that is no trouble of the connection. */
export function judgeAnswer(call: FailedCall): Judgement {
  return call.status === undefined ? judgeAmqpAnswer(call) : judgeAdminAnswer(call, call.status);
}

const BUSY: Judgement = { kind: "passing", reason: "the service is busy" };
const MISSING: Judgement = { kind: "missing", reason: "there is no such queue" };
const WITH_SESSIONS: Judgement = {
  kind: "broken",
  reason: "the queue is one with sessions",
  hint: "use a queue without sessions; jobq makes one where there is none",
};

/** An answer over AMQP. */
function judgeAmqpAnswer(call: FailedCall): Judgement {
  const { code, said } = busCode(call);
  switch (code) {
    case "UnauthorizedAccess":
      return { kind: "denied", ...busDenial(said, false) };
    case "MessagingEntityNotFound":
    case "ResourceDeletedError":
      return MISSING;
    case "MessageLockLost":
    case "SessionLockLost":
    // What the SDK makes of an answer 410 without a condition.
    case "ReceiverDisconnectedError":
    case "StoreLockLostError":
      return { kind: "lock-lost", reason: "the lock of the message is lost" };
    case "MessagingEntityDisabled":
      return {
        kind: "broken",
        reason: "the queue is disabled",
        hint:
          "set its status to Active in the Azure portal, or with az servicebus queue update --status Active",
      };
    case "MessageSizeExceeded":
      return {
        kind: "too-large",
        reason: "it is too large",
        hint: "a message has at most 256 KiB, and more only in namespaces of the Premium tier",
      };
    case "QuotaExceeded":
      return judgeQuota(said);
    case "ServiceBusy":
      return BUSY;
    case "ServiceCommunicationProblem":
      return { kind: "passing", reason: `the service did not find it: ${firstLine(said)}` };
    case "SendOperationFailedError": {
      const isRefused = /'(?:released|modified|rejected)'/.test(said);
      return { kind: "passing", reason: "the service did not take it", isAmbiguous: !isRefused };
    }
    case "InternalServerError":
    case "OperationCancelledError":
    // What the SDK makes of an answer 500 without a condition.
    case "NoMatchingSubscriptionError":
      return { kind: "passing", reason: answered(code, said), isAmbiguous: true };
    case "InvalidOperationError":
      return /session/i.test(said) ? WITH_SESSIONS : { kind: "broken", reason: answered(code, said) };
    case undefined:
      // A condition that the SDK does not know; without a code it is an error of a program.
      return call.code === "GeneralError"
        ? { kind: "passing", reason: answered("", said), isAmbiguous: true }
        : { kind: "broken", reason: firstLine(said) };
    default:
      return { kind: "broken", reason: answered(code, said) };
  }
}

function judgeQuota(message: string): Judgement {
  if (!/entity size|queue.*(?:full|size)|maximum.*size/i.test(message)) {
    return { kind: "broken", reason: `a limit of the service is reached: ${firstLine(message)}` };
  }
  return {
    kind: "broken",
    reason: "the queue is full",
    hint: "have workers take jobs, clear dead ones (jobq dead purge), or enlarge it in the Azure portal",
  };
}

/** An answer over HTTP, to what manages queues. */
function judgeAdminAnswer(call: FailedCall, status: number): Judgement {
  const { code, message } = call;
  const words = call.explanation ?? message;
  if (status === 404 || code === "MessageEntityNotFoundError") return MISSING;
  const isDenied = status === 401 || status === 403;
  if (status === 403 && /quota|maximum|limit/i.test(words)) return judgeQuota(words);
  if (isDenied) return { kind: "denied", ...busDenial(words, true) };
  if (status === 429) return BUSY;
  if (status === 503) return { ...BUSY, isAmbiguous: true };
  // It says so, and not that there is such a queue, while another change to the queue is under way.
  const isConflict = status === 409 && code === "ServiceError";
  if (status === 408 || status >= 500 || isConflict) {
    return { kind: "passing", reason: `the service answered ${status}`, isAmbiguous: !isConflict };
  }
  return { kind: "broken", reason: answered(String(status), words) };
}

function answered(code: string, words: string): string {
  const said = firstLine(words);
  return ["the service answered", code].filter(Boolean).join(" ") + (said && `: ${said}`);
}
