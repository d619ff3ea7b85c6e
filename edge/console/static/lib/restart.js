// Having the assistant begin anew, and waiting until it is back.
import { get, post } from "./api.js";
import { tell } from "./parts.js";

/** Longer than a start takes on a small board. */
const PATIENCE_MS = 90_000;

/** Resolves once the assistant has begun anew. Throws a Problem where it can't, or does not come back. */
export async function restart() {
  const { boot } = await post("/v1/restart");
  const begun = Date.now();
  while (Date.now() - begun < PATIENCE_MS) {
    await new Promise((resolve) => setTimeout(resolve, 500));
    const now = await get("/v1/health").catch(() => null);
    if (now && now.boot !== boot) {
      tell("It has begun anew.", "good");
      return;
    }
  }
  throw new Error("it has not come back within a minute and a half — look into its log");
}
