// A SAML service provider that no one here wrote: it reads {options, responses} from
// standard input and prints, for each response, {profile} or {error}.
import { SAML } from "@node-saml/node-saml";
import { readFileSync } from "node:fs";

const { options, responses } = JSON.parse(readFileSync(0, "utf8"));
const sp = new SAML(options);
const out = [];
for (const SAMLResponse of responses) {
  try {
    const { profile } = await sp.validatePostResponseAsync({ SAMLResponse });
    out.push({ profile });
  } catch (e) {
    out.push({ error: e.message });
  }
}
console.log(JSON.stringify(out));
