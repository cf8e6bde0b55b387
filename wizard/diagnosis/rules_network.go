package diagnosis

var networkRules = []Rule{}

var dropRules = []Rule{}
var qualityRules = []Rule{}
