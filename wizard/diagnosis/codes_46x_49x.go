package diagnosis

var codes46x49x = []Code{}
