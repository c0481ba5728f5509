// The form for signing in works without this. It tells the server the zone of the browser, so
// that the first page is right at once.
import { remember, remembered } from "./lib.js";

const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
if (zone && !remembered("footfall_zone")) remember("footfall_zone", zone);
