package diagnosis

// classCodes stand in for codes that no list has, by their first digit.
var classCodes = [7]Code{}
