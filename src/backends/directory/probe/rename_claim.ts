import type { Finding, Scene } from "./check.ts";
import { contest, paceOf, RACERS, scoreOf } from "./contest.ts";

/** Whether one alone of two processes that rename the same file at once gets it, as workers do with a job's file. */
export async function checkRename(scene: Scene): Promise<Finding> {
  const { directory, files, signal } = scene;
  const pace = await paceOf(scene);
  for (const racer of RACERS) await Deno.mkdir(`${directory}/${racer}`);
  for (let index = 0; index < pace.rounds && !signal.aborted; index++) {
    await files.write(`${directory}/job-${index}`, `${index}`);
  }
  const result = await contest(scene, { kind: "rename", ...pace });
  const { rounds, here, there, both, none } = result;
  const targets = await Promise.all(RACERS.map((racer) => files.list(`${directory}/${racer}`)));
  const [mine = [], theirs = []] = targets;
  const doubled = mine.filter((name) => theirs.includes(name)).length;
  const values = {
    races: rounds,
    won_here: here.won.length,
    won_there: there.won.length,
    won_by_both: both.length,
    won_by_none: none.length,
    there_twice: doubled,
  };
  const no = (found: string): Finding => ({ verdict: "no", found, values });
  const [fault] = [...here.faults, ...there.faults];
  if (doubled > 0) return no(`${doubled} of ${rounds} files were there under both new names`);
  if (both.length > 0) {
    return no(`both were told that they have the file in ${both.length} of ${rounds} races`);
  }
  if (fault !== undefined) return no(`it failed: ${fault}`);
  if (none.length > 0) return no(`none has the file after ${none.length} of ${rounds} races`);
  if (mine.length !== here.won.length || theirs.length !== there.won.length) {
    return no(
      `${mine.length} : ${theirs.length} files are there, but ${here.won.length} : ${there.won.length} were won`,
    );
  }
  return { verdict: "ok", found: scoreOf(result), values };
}
