"""Which images a network is trained and tested on, and how training images are augmented."""

from dataclasses import dataclass

from dsd.errors import DsdError, known

# known before the images are loaded
TRAIN_IMAGES = {"digits": 1_297, "cifar10": 50_000, "cifar100": 50_000}
TEST_IMAGES = {"digits": 500, "cifar10": 10_000, "cifar100": 10_000}
STREAMED = ("folder", "packed")  # sets that are not held in memory
SYNTHETIC = "synthetic"
FILLS = ("black", "mean")
NAMES = (*TRAIN_IMAGES, *STREAMED, SYNTHETIC)
ELSEWHERE = ("folder", "url", "workers", "available")  # where and how images are read: no part of a run's identity


@dataclass(frozen=True)
class DataSpec:
    """Which images a network is trained and tested on, and how training images are augmented.

    name: one of `NAMES`
    resolution: side of the images [pixels]
    classes: number of classes; 0: as many as a `folder` or `packed` set has
    folder: folder of the files
    url: address to download missing files from; "": the official one
    train_images, test_images: number of images to use: the first ones, or of a `folder` or `packed` set a fixed random
        subset; 0: all
    flip: mirror half of the training images
    shift: shift training images by up to so many pixels each way, less than the resolution
    fill: padding of the shift: `black`, or the `mean` of the training images (as in the authors' code), rounded
    area: smallest share of the area of random crops of training images; 0: no crops
    lighting: standard deviation of the PCA lighting of training images; 0: none
    test_side: shorter side of test images before the centre crop [pixels]; 0: 8/7 of the resolution, as 256 for 224
    workers: processes that read images, per run; 0 reads in the training process
    skip_broken: leave out images that cannot be decoded
    available: number of training images in the files; 0 before `resolve_data`
    fingerprint: identifies the images of a `folder` or `packed` set; "" before `resolve_data`
    """

    name: str
    resolution: int
    classes: int = 0
    folder: str = ""
    train_images: int = 0
    test_images: int = 0
    flip: bool = False
    shift: int = 0
    url: str = ""
    area: float = 0.0
    lighting: float = 0.0
    test_side: int = 0
    workers: int = 0
    skip_broken: bool = False
    available: int = 0
    fingerprint: str = ""
    fill: str = "black"

    def __post_init__(self) -> None:
        if self.name not in NAMES:
            raise DsdError(f"data.name = {self.name} is not known; choose one of: {known(NAMES)}")
        for key in ("train_images", "test_images", "shift", "classes", "test_side", "workers"):
            if getattr(self, key) < 0:
                raise DsdError(f"data.{key} = {getattr(self, key)}: give a whole number from 0")
        if self.fill not in FILLS:
            raise DsdError(f"data.fill = {self.fill} is not known; choose one of: {known(FILLS)}")
        if self.resolution < 1:
            raise DsdError(f"data.resolution = {self.resolution}: give a whole number from 1")
        if not 0 <= self.area <= 1:
            raise DsdError(f"data.area = {self.area}: give a share from 0 to 1")
        if not 0 <= self.lighting < 10:
            raise DsdError(f"data.lighting = {self.lighting}: give a standard deviation from 0, for example 0.1")
        if self.test_side and self.test_side < self.resolution:
            raise DsdError(f"data.test_side = {self.test_side}: give {self.resolution} (data.resolution) or more, or 0")
        if self.shift >= self.resolution:
            raise DsdError(f"data.shift = {self.shift}: give less than data.resolution = {self.resolution}")
        foreign = ("shift",) if self.name in STREAMED else ("area", "lighting", "test_side")
        for key in foreign:
            if getattr(self, key):
                raise DsdError(f"data.{key} = {getattr(self, key)}: not valid for data.name = {self.name}; give 0")
        # all images are always written as 0, so that equal runs have equal keys
        if self.train_images == (self.available or TRAIN_IMAGES.get(self.name)):
            object.__setattr__(self, "train_images", 0)
        if self.test_images == TEST_IMAGES.get(self.name):
            object.__setattr__(self, "test_images", 0)

    @property
    def shorter_side(self) -> int:
        """Shorter side of test images before the centre crop [pixels]."""
        return self.test_side or round(self.resolution * 8 / 7)

    @property
    def images(self) -> int:
        """Training images per epoch; 0 if unknown before `resolve_data`."""
        return self.train_images or self.available or TRAIN_IMAGES.get(self.name, 0)
