package diagnosis

var codes5xx6xx = []Code{}
