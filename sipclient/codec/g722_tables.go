package codec

// The tables of ITU-T G.722.

// mirrorTaps are the 12 coefficients of the quadrature mirror filter that differ
// (table 11/G.722, times 2^13).
var mirrorTaps = [12]int32{3, -11, 12, 32, -210, 951, 3876, -805, 362, -156, 53, -11}

// lowBounds are the decision levels of the lower band's quantizer, by level
// (table 14/G.722). The first is not used.
var lowBounds = [30]int32{0,
	35, 72, 110, 150, 190, 233, 276, 323, 370, 422,
	473, 530, 587, 650, 714, 786, 858, 940, 1023, 1121,
	1219, 1339, 1458, 1612, 1765, 1980, 2195, 2557, 2919}

// highBound is the decision level of the higher band's quantizer.
const highBound = 564

// lowLevels are the output values of the lower band's 6-bit quantizer, by code.
// The first four codes are never sent and stand for the smallest negative value.
var lowLevels = [64]int32{
	-136, -136, -136, -136, -24808, -21904, -19008, -16704,
	-14984, -13512, -12280, -11192, -10232, -9360, -8576, -7856,
	-7192, -6576, -6000, -5456, -4944, -4464, -4008, -3576,
	-3168, -2776, -2400, -2032, -1688, -1360, -1040, -728,
	24808, 21904, 19008, 16704, 14984, 13512, 12280, 11192,
	10232, 9360, 8576, 7856, 7192, 6576, 6000, 5456,
	4944, 4464, 4008, 3576, 3168, 2776, 2400, 2032,
	1688, 1360, 1040, 728, 432, 136, -432, -136}

// coarseLevels are the same of the code's upper four bits, and lowGrowth how they
// move the step.
var (
	coarseLevels = [16]int32{0,
		-20456, -12896, -8968, -6288, -4240, -2584, -1200,
		20456, 12896, 8968, 6288, 4240, 2584, 1200, 0}
	lowGrowth = [16]int32{-60,
		3042, 1198, 538, 334, 172, 58, -30,
		3042, 1198, 538, 334, 172, 58, -30, -60}
)

// highLevels are the output values of the higher band's quantizer, by code;
// highGrowth is how a large (even code) and a small (odd code) one moves the step.
var (
	highLevels = [4]int32{-7408, -1616, 7408, 1616}
	highGrowth = [2]int32{798, -214}
)

// stepFractions are 2,048 times 2 to the power of n/32.
var stepFractions = [32]int32{
	2048, 2093, 2139, 2186, 2233, 2282, 2332, 2383,
	2435, 2489, 2543, 2599, 2656, 2714, 2774, 2834,
	2896, 2960, 3025, 3091, 3158, 3228, 3298, 3371,
	3444, 3520, 3597, 3676, 3756, 3838, 3922, 4008}
