package diagnosis

var codes42x43x = []Code{}
