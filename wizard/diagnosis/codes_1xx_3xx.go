package diagnosis

var codes1xx3xx = []Code{}
