package diagnosis

var codes40x41x = []Code{}
