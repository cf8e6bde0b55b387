package softphones

import (
	"bytes"
	"errors"
	"image"
	_ "image/gif"  // kinds of pictures that cameras and screens make
	_ "image/jpeg" //
	_ "image/png"  //

	"github.com/makiuchi-d/gozxing"
	"github.com/makiuchi-d/gozxing/qrcode"
)

// maxPixels bounds a picture, so that a few bytes cannot ask for all memory.
const maxPixels = 40 << 20

func picture(data []byte) bool {
	_, _, err := image.DecodeConfig(bytes.NewReader(data))
	return err == nil
}

// readQR gives the text of the QR code in a picture.
func readQR(data []byte) (string, error) {
	c, _, err := image.DecodeConfig(bytes.NewReader(data))
	if err != nil || c.Width <= 0 || c.Height <= 0 || c.Width > maxPixels/c.Height {
		return "", errors.New("this picture is too large: cut out the QR code")
	}
	img, _, err := image.Decode(bytes.NewReader(data))
	if err != nil {
		return "", errors.New("this picture is damaged")
	}
	none := errors.New("there is no QR code in this picture that can be read: take it again, sharp and straight from the front")
	bitmap, err := gozxing.NewBinaryBitmapFromImage(img)
	if err != nil {
		return "", none
	}
	hints := map[gozxing.DecodeHintType]any{gozxing.DecodeHintType_TRY_HARDER: true}
	res, err := qrcode.NewQRCodeReader().Decode(bitmap, hints)
	if err != nil {
		return "", none
	}
	return res.GetText(), nil
}
